"""Making and revoking API keys."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.api_key import rules, store
from services.identity.api_key.models import ApiKey
from services.identity.api_key.schemas import NewApiKey
from services.identity.membership.use_cases.acting import Actor
from shared.contracts.identity import ApiKeyCreated, ApiKeyRevoked, ApiKeyState, Role
from shared.kernel.errors import Forbidden, Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.auth.api_keys import new_api_key
from shared.platform.bus.outbox import emit
from shared.platform.tenancy.subscription import api_key_values

_HINT_LENGTH = 19


class PeopleOnly(Forbidden):
    """An API key cannot make or revoke API keys: one that leaked could live on in its children."""

    code = "people_only"


async def make_key(
    session: AsyncSession, secret_key: bytes, wanted: NewApiKey, role: Role, actor: Actor
) -> tuple[ApiKey, str]:
    """A new key of the organization, and its text, which nobody can show again. ``role`` is the actor's."""
    _refuse_keys(actor)
    if objection := rules.objection_to_role(role, wanted.role):
        raise Forbidden(objection)
    if wanted.expires_at is not None and wanted.expires_at <= actor.now:
        raise Invalid("The key would have expired already.", errors=[field_error("expires_at", "is in the past")])
    identity = new_id()
    text, digest = new_api_key(secret_key, identity)
    key = ApiKey(
        organization_id=actor.organization_id,
        id=identity,
        name=wanted.name,
        role=wanted.role.value,
        scopes=None if wanted.scopes is None else sorted(wanted.scopes),
        digest=digest,
        hint=text[:_HINT_LENGTH],
        version=1,
        created_at=actor.now,
        created_by=actor.user_id,
        expires_at=wanted.expires_at,
        last_used_at=None,
        revoked_at=None,
        revoked_by=None,
    )
    session.add(key)
    await session.flush()
    await _tell(session, _state(ApiKeyCreated, key))
    return key, text


async def revoke_key(session: AsyncSession, key_id: UUID, actor: Actor) -> None:
    """Let a key count no more: here at once, elsewhere within a second. Repeating it does no harm."""
    _refuse_keys(actor)
    key = await store.find(session, actor.organization_id, key_id, lock=True)
    if key is None:
        raise NotFound("There is no API key with this id.")
    if key.revoked_at is not None:
        return
    key.revoked_at, key.revoked_by = actor.now, actor.user_id
    key.version += 1
    await session.flush()
    await _tell(session, _state(ApiKeyRevoked, key))


def _refuse_keys(actor: Actor) -> None:
    if actor.key_role is not None:
        raise PeopleOnly("API keys are made and revoked by people; log in.")


async def _tell(session: AsyncSession, event: ApiKeyState) -> None:
    await store.tell_this_service(session, api_key_values(event))
    await emit(session, event)


def _state(event: type[ApiKeyState], key: ApiKey) -> ApiKeyState:
    return event(
        organization_id=key.organization_id,
        api_key_id=key.id,
        version=key.version,
        name=key.name,
        role=Role(key.role),
        scopes=None if key.scopes is None else tuple(key.scopes),
        digest=key.digest,
        acts_for=key.created_by,
        expires_at=key.expires_at,
        revoked=key.revoked_at is not None,
    )
