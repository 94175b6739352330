"""Connecting Stripe accounts and rotating their secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection import store
from services.ingestion.connection.models import ACTIVE, StripeConnection
from services.ingestion.connection.rules import MOST_SECRETS, hint, new_secret, secret_context
from services.ingestion.connection.schemas import ConnectionChange, NewConnection
from services.ingestion.ledger.store import add_rows_of_connection
from services.ingestion.ledger.use_cases import derive_or_put_off
from services.ingestion.linking.models import VentureView
from services.ingestion.stripe_object.rules.touched import Touched
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.db.waiting import known
from shared.platform.http.concurrency import check_version
from shared.platform.secrets import SecretBox


class ConnectionNameTaken(Conflict):
    """Another connection of the organization has this name."""

    code = "connection_name_taken"


async def connect_stripe(
    session: AsyncSession, wanted: NewConnection, box: SecretBox, actor: Actor
) -> tuple[StripeConnection, str | None]:
    """Connect a Stripe account; returns it and the secret that was made for it, if none was given."""
    connection_id = new_id()
    await _check_name(session, wanted.name, connection_id, actor)
    await _check_venture(session, wanted.default_venture_id, actor)
    made = None if wanted.webhook_secrets else new_secret()
    connection = StripeConnection(
        organization_id=actor.organization_id,
        id=connection_id,
        version=1,
        name=wanted.name,
        stripe_account_id=wanted.stripe_account_id,
        livemode=wanted.livemode,
        default_venture_id=wanted.default_venture_id,
        status=ACTIVE,
        secrets=_sealed(connection_id, [made] if made else wanted.webhook_secrets, box, actor.now),
        created_at=actor.now,
        created_by=actor.user_id,
        updated_at=actor.now,
        updated_by=actor.user_id,
    )
    session.add(connection)
    await session.flush()
    await store.write_route(session, connection)
    return connection, made


async def change_connection(
    session: AsyncSession,
    connection_id: UUID,
    change: ConnectionChange,
    box: SecretBox,
    *,
    seen: Sequence[int | None],
    actor: Actor,
) -> StripeConnection:
    """Change a connection. A new default venture applies to its past and future rows."""
    # The ledger's lock first: the worker holds it while it reads connections.
    await store.lock_connections(session, [connection_id])
    connection = await store.find_locked(session, actor.organization_id, connection_id)
    if connection is None:
        raise missing_connection()
    check_version(connection.version, *seen)
    given = change.model_fields_set
    if change.name is not None:
        await _check_name(session, change.name, connection_id, actor)
        connection.name = change.name
    if change.status is not None:
        connection.status = change.status
    if "stripe_account_id" in given:
        connection.stripe_account_id = change.stripe_account_id
    connection.secrets = _rotated(connection, change, box, actor.now)
    venture_changes = "default_venture_id" in given and change.default_venture_id != connection.default_venture_id
    if venture_changes:
        await _check_venture(session, change.default_venture_id, actor)
        connection.default_venture_id = change.default_venture_id
    connection.version += 1
    connection.updated_at, connection.updated_by = actor.now, actor.user_id
    await session.flush()
    await store.write_route(session, connection)
    if venture_changes:
        touched = Touched()
        await add_rows_of_connection(session, touched, (actor.organization_id, connection_id))
        await derive_or_put_off(session, touched, actor.now)
    return connection


def missing_connection() -> NotFound:
    """The error for a connection that is not the organization's."""
    return NotFound("There is no Stripe connection with this id in this organization.")


def _sealed(connection_id: UUID, secrets: Sequence[str], box: SecretBox, now: datetime) -> list[dict[str, Any]]:
    context = secret_context(connection_id)
    return [
        {
            "id": str(new_id()),
            "sealed": box.seal(secret, context),
            "hint": hint(secret),
            "added_at": now.isoformat(),
            "retired_at": None,
        }
        for secret in secrets
    ]


def _rotated(
    connection: StripeConnection, change: ConnectionChange, box: SecretBox, now: datetime
) -> list[dict[str, Any]]:
    retired = {str(identity) for identity in change.retire_webhook_secrets}
    unknown = retired - {secret["id"] for secret in connection.secrets}
    if unknown:
        raise Invalid(
            f"There is no signing secret with the id {min(unknown)}.",
            errors=[field_error("retire_webhook_secrets", "not a secret of this connection")],
        )
    kept = [
        secret | {"retired_at": now.isoformat()} if secret["id"] in retired and secret["retired_at"] is None else secret
        for secret in connection.secrets
    ]
    secrets = kept + _sealed(connection.id, change.add_webhook_secrets, box, now)
    active = sum(secret["retired_at"] is None for secret in secrets)
    if not 1 <= active <= MOST_SECRETS:
        raise Invalid(
            f"A connection has 1 to {MOST_SECRETS} active signing secrets; this would leave {active}.",
            errors=[field_error("retire_webhook_secrets", f"leaves {active} active secrets")],
        )
    return secrets


async def _check_name(session: AsyncSession, name: str, connection_id: UUID, actor: Actor) -> None:
    if await store.name_is_taken(session, actor.organization_id, name, connection_id):
        raise ConnectionNameTaken(f"Another connection is named {name!r}; choose another name.")


async def _check_venture(session: AsyncSession, venture_id: UUID | None, actor: Actor) -> None:
    if venture_id is not None:
        await known(session, VentureView, organization_id=actor.organization_id, venture_id=venture_id)
