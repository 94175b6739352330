"""Request and response bodies of webhook endpoints."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from services.sync.delivery.rules.address import LONGEST_URL
from services.sync.webhook.models import DISABLED, WebhookEndpoint
from services.sync.webhook.rules import in_use
from shared.contracts.sync import NotificationType, Severity
from shared.kernel.clock import now
from shared.kernel.text import OneLine
from shared.platform.http.bodies import Answer, Body

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="Where messages are posted: https, and reachable from anywhere",
        examples=["https://hooks.example.com/trueup"],
    ),
]
Types = Annotated[
    tuple[NotificationType, ...] | None,
    Field(description="Only these types; null: all", min_length=1, max_length=20, examples=[["alert.raised"]]),
]
Ventures = Annotated[
    tuple[UUID, ...] | None,
    Field(description="Only these ventures, and what concerns no single one; null: all", min_length=1, max_length=500),
]
LONGEST_OVERLAP_HOURS = 168


class NewEndpoint(Body):
    """An address that messages shall go to. Its signing secret is in the answer, this once."""

    name: OneLine
    url: Url
    types: Types = None
    minimum_severity: Severity = Severity.INFO
    venture_ids: Ventures = None


class EndpointChange(Body):
    """What to change; members that are left out stay as they are."""

    name: OneLine | None = None
    url: Url | None = None
    types: Types = None
    minimum_severity: Severity | None = None
    venture_ids: Ventures = None
    status: Literal["active", "disabled"] | None = Field(
        default=None, description="Nothing is posted while it is disabled; what waits is posted when it is active again"
    )


class RotateBody(Body):
    """How long the secrets so far go on signing beside the new one."""

    overlap_hours: int = Field(default=24, ge=0, le=LONGEST_OVERLAP_HOURS, strict=True)


class SecretOut(Answer):
    """A signing secret: only its last characters are shown. ``ends_at``: when it signs no more."""

    id: UUID
    hint: str
    added_at: datetime
    ends_at: datetime | None


class EndpointOut(Answer):
    """A webhook endpoint. ``failing_since``, ``failures``: since when, and how often in a row, nothing arrived."""

    id: UUID
    version: int
    name: str
    url: str
    types: list[NotificationType] | None
    minimum_severity: Severity
    venture_ids: list[UUID] | None
    status: Literal["active", "disabled"]
    disabled_reason: str | None
    secrets: list[SecretOut]
    failing_since: datetime | None
    failures: int
    rests_until: datetime | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    allowed_actions: list[Literal["enable", "disable", "rotate", "test", "archive"]]

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "EndpointOut":
        """What may be shown of an endpoint."""
        return cls.model_validate(_members(endpoint))


class EndpointWithSecretOut(EndpointOut):
    """An endpoint with its newest signing secret, which is shown this once."""

    secret: str

    @classmethod
    def with_secret(cls, endpoint: WebhookEndpoint, secret: str) -> "EndpointWithSecretOut":
        """An endpoint and the secret that was just made for it."""
        return cls.model_validate(_members(endpoint) | {"secret": secret})


def _members(endpoint: WebhookEndpoint) -> dict[str, Any]:
    own = set(EndpointOut.model_fields) - {"secrets", "allowed_actions"}
    members: dict[str, Any] = {name: getattr(endpoint, name) for name in own}
    shown = ("id", "hint", "added_at", "ends_at")
    members["secrets"] = [{name: one[name] for name in shown} for one in in_use(endpoint.secrets, now())]
    return members | {"allowed_actions": _actions(endpoint)}


def _actions(endpoint: WebhookEndpoint) -> list[str]:
    if endpoint.archived_at is not None:
        return []
    return ["enable" if endpoint.status == DISABLED else "disable", "rotate", "archive"] + (
        [] if endpoint.status == DISABLED else ["test"]
    )
