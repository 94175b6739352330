"""The worker that posts: endpoint by endpoint, one message at a time each, some endpoints at once.

What was posted and not noted (the process was killed) is posted again, under the same id.
"""

import asyncio
import random
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.delivery import store
from services.sync.delivery.models import DELIVERED, FAILED, WAITING, WebhookAttempt, WebhookDelivery
from services.sync.delivery.posting import Posted, post
from services.sync.delivery.rules.schedule import (
    LONGEST_DELAY,
    Outcome,
    after_failure,
    backoff,
    is_accepted,
    why_to_disable,
)
from services.sync.delivery.rules.signature import headers
from services.sync.delivery.settings import allowed_networks
from services.sync.delivery.use_cases import WEBHOOKS
from services.sync.errand import store as errands
from services.sync.errand.models import WEBHOOK
from services.sync.errand.store import Held
from services.sync.errand.worker import carry_out_errands
from services.sync.webhook import store as endpoints
from services.sync.webhook.models import ACTIVE, WebhookEndpoint
from services.sync.webhook.rules import in_use, secret_context
from services.sync.webhook.use_cases import disable_endpoint
from shared.kernel.clock import now
from shared.platform.failpoints import failpoint
from shared.platform.secrets import SealBroken, SecretBox
from shared.platform.service import Runtime

log = structlog.get_logger()

ENDPOINTS_AT_ONCE = 8
MESSAGES_AT_A_TIME = 10
"""Of one endpoint, before others have their turn."""


@dataclass(frozen=True, slots=True)
class _Message:
    delivery_id: UUID
    url: str
    headers: dict[str, str]
    body: bytes


async def run_webhooks(runtime: Runtime) -> None:
    """Post what waits, until the process ends."""

    async def carry_out(held: list[Held]) -> None:
        for one in held:
            await serve(runtime, one)

    async with asyncio.TaskGroup() as group:
        # A slow endpoint keeps one of these busy, and the others go on.
        for _ in range(ENDPOINTS_AT_ONCE):
            group.create_task(carry_out_errands(runtime, WEBHOOKS, WEBHOOK, carry_out, 1))


async def serve(runtime: Runtime, held: Held) -> None:
    """Post what one endpoint is to be told, until nothing is due, or something does not arrive."""
    box = SecretBox(runtime.settings.secret_key_bytes)
    for _turn in range(MESSAGES_AT_A_TIME):
        async with runtime.database.transaction([held.organization_id]) as session:
            message = await _next(session, held, box)
            if message is None:
                await _let_go(session, held)
                return
        posted = await post(message.url, message.headers, message.body, allowed_networks())
        await failpoint("webhooks.after_post")
        async with runtime.database.transaction([held.organization_id]) as session:
            await _note(session, held, message, posted)
    async with runtime.database.transaction([held.organization_id]) as session:
        await _let_go(session, held)


async def _next(session: AsyncSession, held: Held, box: SecretBox) -> _Message | None:
    """The next message, if one is due and the endpoint takes any; the hold on it begins anew."""
    at = now()
    endpoint = await endpoints.find(session, held.organization_id, held.id)
    if endpoint is None or endpoint.status != ACTIVE or (endpoint.rests_until and endpoint.rests_until > at):
        return None
    delivery = await store.next_due(session, held.organization_id, held.id, at)
    if delivery is None:
        return None
    await errands.hold_on(session, held.id, at)
    try:
        secrets = [box.open(one["sealed"], secret_context(held.id)) for one in in_use(endpoint.secrets, at)]
    except SealBroken:
        log.error("webhooks.seal_broken", endpoint=str(held.id))  # noqa: TRY400 - it is the key that is wrong
        endpoint.rests_until = at + LONGEST_DELAY
        await session.flush()
        return None
    body = delivery.body.encode()
    signed = headers(secrets, str(delivery.id), int(at.timestamp()), body)
    return _Message(delivery.id, endpoint.url, signed, body)


async def _note(session: AsyncSession, held: Held, message: _Message, posted: Posted) -> None:
    """Note an attempt, and what follows from it for the message and the endpoint."""
    endpoint = await endpoints.find(session, held.organization_id, held.id, locked=True)
    delivery = await store.find(session, held.organization_id, message.delivery_id, locked=True)
    assert endpoint is not None
    assert delivery is not None
    delivery.attempts += 1
    session.add(
        WebhookAttempt(
            organization_id=held.organization_id,
            delivery_id=delivery.id,
            number=delivery.attempts,
            at=now(),
            duration_ms=posted.duration_ms,
            status_code=posted.status_code,
            error=posted.error,
            answer=posted.answer,
        )
    )
    if is_accepted(posted.status_code):
        endpoint.failing_since, endpoint.failures, endpoint.rests_until = None, 0, None
        if delivery.state == WAITING:
            delivery.state, delivery.settled_at = DELIVERED, now()
    else:
        await _note_failure(session, endpoint, delivery, posted)
    await session.flush()


async def _note_failure(
    session: AsyncSession, endpoint: WebhookEndpoint, delivery: WebhookDelivery, posted: Posted
) -> None:
    at = now()
    endpoint.failing_since = endpoint.failing_since or at
    endpoint.failures += 1
    endpoint.rests_until = at + backoff(endpoint.failures, random.random())  # noqa: S311 - jitter, no secret
    if delivery.state == WAITING:
        delivery.tries += 1
        delivery.next_attempt_at = at + backoff(delivery.tries, random.random())  # noqa: S311 - jitter, no secret
        if after_failure(delivery.tries) is Outcome.GIVE_UP:
            delivery.state, delivery.settled_at = FAILED, at
    reason = why_to_disable(posted.status_code, endpoint.failing_since, endpoint.failures, at)
    if reason is not None and endpoint.status == ACTIVE:
        await disable_endpoint(session, endpoint, reason, at)
    log.info(
        "webhooks.failed",
        endpoint=str(endpoint.id),
        delivery=str(delivery.id),
        status=posted.status_code,
        reason=posted.error,
        failures=endpoint.failures,
    )


async def _let_go(session: AsyncSession, held: Held) -> None:
    """Put an endpoint's errand off until something is due there, or end it.

    Its row is locked first: who adds a message waits, and either is seen here, or finds the errand gone.
    """
    endpoint = await endpoints.find(session, held.organization_id, held.id, locked=True)
    await errands.lock_errand(session, held.id)
    at, due = now(), None
    if endpoint is not None and endpoint.status == ACTIVE:
        due = await store.when_next(session, held.organization_id, held.id)
        if due is not None and endpoint.rests_until is not None:
            due = max(due, endpoint.rests_until)
    if due is None:
        await errands.finish(session, [held.id])
    else:
        await errands.put_off(session, held.id, due, again=due > at)
