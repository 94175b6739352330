"""Response bodies of deliveries."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from services.sync.delivery.models import WAITING, WebhookAttempt, WebhookDelivery
from shared.contracts.sync import NotificationType
from shared.platform.http.bodies import Answer

DeliveryState = Literal["waiting", "delivered", "failed"]


class DeliveryOut(Answer):
    """A message for an endpoint. ``id`` is its ``webhook-id``; ``next_attempt_at`` is null when there is no next one.

    ``notification_id`` is null for a test.
    """

    id: UUID
    notification_id: UUID | None
    type: NotificationType
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
    allowed_actions: list[Literal["redeliver"]]

    @classmethod
    def of(cls, row: WebhookDelivery) -> "DeliveryOut":
        """From a stored delivery."""
        return cls.model_validate(_members(row))


class AttemptOut(Answer):
    """One attempt: what was answered, or why nothing was. ``answer`` is its beginning."""

    number: int
    at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    answer: str | None


class DeliveryWithAttemptsOut(DeliveryOut):
    """A message with what is posted, and every attempt, oldest first."""

    body: dict[str, Any]
    log: list[AttemptOut]

    @classmethod
    def with_log(cls, row: WebhookDelivery, attempts: list[WebhookAttempt]) -> "DeliveryWithAttemptsOut":
        """From a stored delivery and its attempts."""
        log = [AttemptOut.model_validate(attempt) for attempt in attempts]
        return cls.model_validate(_members(row) | {"body": orjson.loads(row.body), "log": log})


def _members(row: WebhookDelivery) -> dict[str, Any]:
    waits = row.state == WAITING
    return {
        "id": row.id,
        "notification_id": row.notice_id,
        "type": row.type,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at if waits else None,
        "created_at": row.created_at,
        "settled_at": row.settled_at,
        "allowed_actions": ["redeliver"],
    }
