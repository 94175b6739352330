"""Making, changing, rotating and archiving webhook endpoints."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.delivery.rules.address import checked_url
from services.sync.delivery.rules.signature import secret_of
from services.sync.delivery.settings import allowed_networks
from services.sync.delivery.store import make_waiting_due
from services.sync.delivery.use_cases import post_soon
from services.sync.notice.rules import disabled_notice
from services.sync.notice.use_cases import notify
from services.sync.venture.store import known_ventures
from services.sync.webhook import store
from services.sync.webhook.models import ACTIVE, DISABLED, WebhookEndpoint
from services.sync.webhook.rules import HINT_LENGTH, KEY_BYTES, MOST_ENDPOINTS, rotated, secret_context
from services.sync.webhook.schemas import EndpointChange, NewEndpoint
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.db.bulk import lock_keys
from shared.platform.db.waiting import eventually
from shared.platform.http.concurrency import check_version
from shared.platform.secrets import SecretBox


class EndpointNameTaken(Conflict):
    """Another endpoint of the organization has this name."""

    code = "endpoint_name_taken"


class TooManyEndpoints(Conflict):
    """An organization has so many endpoints at most."""

    code = "too_many_endpoints"


class UrlRefused(Invalid):
    """Messages do not go to this URL."""

    code = "url_refused"


async def make_endpoint(
    session: AsyncSession, wanted: NewEndpoint, box: SecretBox, actor: Actor
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint; gives it and its signing secret."""
    await lock_keys(session, "sync.webhook_endpoints", [actor.organization_id])
    identity = new_id()
    await _check(session, identity, wanted, actor)
    if await store.count(session, actor.organization_id) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(f"An organization has at most {MOST_ENDPOINTS} webhook endpoints; archive one first.")
    secret, sealed = _new_secret(identity, box, actor.now)
    endpoint = WebhookEndpoint(
        organization_id=actor.organization_id,
        id=identity,
        version=1,
        name=wanted.name,
        url=wanted.url,
        types=None if wanted.types is None else sorted({kind.value for kind in wanted.types}),
        minimum_severity=wanted.minimum_severity.value,
        venture_ids=_stored(wanted.venture_ids),
        status=ACTIVE,
        disabled_reason=None,
        secrets=[sealed],
        failing_since=None,
        failures=0,
        rests_until=None,
        created_at=actor.now,
        created_by=actor.user_id,
        updated_at=actor.now,
        updated_by=actor.user_id,
        archived_at=None,
    )
    session.add(endpoint)
    await session.flush()
    return endpoint, secret


async def change_endpoint(
    session: AsyncSession, endpoint_id: UUID, change: EndpointChange, seen: int | None, actor: Actor
) -> WebhookEndpoint:
    """Change an endpoint. One that is switched on again is posted what waited for it."""
    await lock_keys(session, "sync.webhook_endpoints", [actor.organization_id])
    endpoint = await found_endpoint(session, actor.organization_id, endpoint_id, locked=True)
    check_version(endpoint.version, seen)
    await _check(session, endpoint_id, change, actor)
    given = change.model_fields_set
    if change.name is not None:
        endpoint.name = change.name
    if change.url is not None and change.url != endpoint.url:
        endpoint.url = change.url
        _believe_in(endpoint)
    if "types" in given:
        endpoint.types = None if change.types is None else sorted({kind.value for kind in change.types})
    if change.minimum_severity is not None:
        endpoint.minimum_severity = change.minimum_severity.value
    if "venture_ids" in given:
        endpoint.venture_ids = _stored(change.venture_ids)
    if change.status == ACTIVE and endpoint.status == DISABLED:
        endpoint.status, endpoint.disabled_reason = ACTIVE, None
        _believe_in(endpoint)
        if await make_waiting_due(session, actor.organization_id, endpoint_id, actor.now):
            await post_soon(session, [(actor.organization_id, endpoint_id)], actor.now)
    elif change.status == DISABLED and endpoint.status == ACTIVE:
        endpoint.status, endpoint.disabled_reason = DISABLED, "switched off by hand"
    return await _changed(session, endpoint, actor)


async def rotate_secret(
    session: AsyncSession, endpoint_id: UUID, overlap: timedelta, seen: int | None, *, box: SecretBox, actor: Actor
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint a new secret; those before it go on signing beside it for a while."""
    endpoint = await found_endpoint(session, actor.organization_id, endpoint_id, locked=True)
    check_version(endpoint.version, seen)
    secret, sealed = _new_secret(endpoint_id, box, actor.now)
    endpoint.secrets = rotated(endpoint.secrets, sealed, actor.now, overlap)
    return await _changed(session, endpoint, actor), secret


async def archive_endpoint(session: AsyncSession, endpoint_id: UUID, seen: int | None, actor: Actor) -> WebhookEndpoint:
    """Take an endpoint off the list; nothing is posted there any more. Its secrets are forgotten."""
    endpoint = await found_endpoint(session, actor.organization_id, endpoint_id, locked=True)
    check_version(endpoint.version, seen)
    endpoint.archived_at, endpoint.status, endpoint.secrets = actor.now, DISABLED, []
    endpoint.disabled_reason = "archived"
    return await _changed(session, endpoint, actor)


async def disable_endpoint(session: AsyncSession, endpoint: WebhookEndpoint, reason: str, at: datetime) -> None:
    """Switch off a locked endpoint at which nothing arrives, and tell administrators."""
    endpoint.status, endpoint.disabled_reason, endpoint.updated_at = DISABLED, reason, at
    endpoint.version += 1
    notice = disabled_notice(endpoint.id, endpoint.version, endpoint.name, reason)
    await notify(session, [(endpoint.organization_id, notice)])


async def found_endpoint(
    session: AsyncSession, organization_id: UUID, endpoint_id: UUID, *, locked: bool = False
) -> WebhookEndpoint:
    """An endpoint that is not archived, or ``NotFound``."""
    endpoint = await store.find(session, organization_id, endpoint_id, locked=locked)
    if endpoint is None or endpoint.archived_at is not None:
        raise NotFound("There is no webhook endpoint with this id in this organization.")
    return endpoint


def _believe_in(endpoint: WebhookEndpoint) -> None:
    endpoint.failing_since, endpoint.failures, endpoint.rests_until = None, 0, None


async def _changed(session: AsyncSession, endpoint: WebhookEndpoint, actor: Actor) -> WebhookEndpoint:
    endpoint.version += 1
    endpoint.updated_at, endpoint.updated_by = actor.now, actor.user_id
    await session.flush()
    return endpoint


def _new_secret(endpoint_id: UUID, box: SecretBox, at: datetime) -> tuple[str, dict[str, Any]]:
    secret = secret_of(secrets.token_bytes(KEY_BYTES))
    return secret, {
        "id": str(new_id()),
        "sealed": box.seal(secret, secret_context(endpoint_id)),
        "hint": secret[-HINT_LENGTH:],
        "added_at": at.isoformat(),
        "ends_at": None,
    }


def _stored(ventures: tuple[UUID, ...] | None) -> list[str] | None:
    return None if ventures is None else sorted({str(venture) for venture in ventures})


async def _check(session: AsyncSession, endpoint_id: UUID, wanted: NewEndpoint | EndpointChange, actor: Actor) -> None:
    if wanted.url is not None:
        try:
            checked_url(wanted.url, allowed_networks())
        except ValueError as error:
            raise UrlRefused(f"{error}.", errors=[field_error("url", str(error))]) from error
    if wanted.name is not None and await store.name_is_taken(session, actor.organization_id, wanted.name, endpoint_id):
        raise EndpointNameTaken(f"Another endpoint is named {wanted.name!r}; choose another name.")
    await _know(session, actor.organization_id, set(wanted.venture_ids or ()))


async def _know(session: AsyncSession, organization_id: UUID, ventures: set[UUID]) -> None:
    """Wait a moment for ventures that are new; ``NotFound`` if one is not the organization's."""

    async def find() -> bool | None:
        ours = {venture for _organization, venture in await known_ventures(session, [organization_id])}
        return True if ventures <= ours else None

    if ventures and not await eventually(find):
        raise NotFound("There is no venture with one of these ids in this organization.")
