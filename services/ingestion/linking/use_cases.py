"""Mapping customers to accounts, and what other services tell of accounts and ventures."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection import store as connections
from services.ingestion.connection.use_cases import missing_connection
from services.ingestion.ledger.store import add_rows_by
from services.ingestion.ledger.use_cases import derive_or_put_off
from services.ingestion.linking import store
from services.ingestion.linking.models import AccountView, CustomerMapping, LinkChange, VentureView
from services.ingestion.stripe_object.rules.touched import Touched
from services.ingestion.stripe_object.store.seen import customers_claiming
from shared.contracts.finance import AccountUpdated
from shared.contracts.plans import VentureState
from shared.kernel.actor import Actor
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from shared.platform.db.bulk import bulk_upsert
from shared.platform.db.waiting import known


async def map_customer(
    session: AsyncSession, connection_id: UUID, customer_id: str, account_id: UUID, actor: Actor
) -> tuple[CustomerMapping, bool]:
    """Say that a customer belongs to an account: its past and future rows follow. Whether they do already."""
    await known(session, AccountView, organization_id=actor.organization_id, account_id=account_id)
    mapping = await _locked_mapping(session, connection_id, customer_id, actor)
    if mapping is None:
        mapping = CustomerMapping(
            organization_id=actor.organization_id,
            connection_id=connection_id,
            customer_id=customer_id,
            version=0,
            account_id=account_id,
            created_at=actor.now,
            created_by=actor.user_id,
            archived_at=actor.now,
        )
    elif mapping.account_id == account_id and mapping.archived_at is None:
        return mapping, True
    before = mapping.account_id if mapping.archived_at is None else None
    mapping.account_id, mapping.archived_at = account_id, None
    return mapping, await _changed(session, mapping, before, account_id, actor)


async def unmap_customer(
    session: AsyncSession, connection_id: UUID, customer_id: str, actor: Actor
) -> tuple[CustomerMapping, bool]:
    """Take a mapping back; the customer's rows lose the account that they had from it."""
    mapping = await _locked_mapping(session, connection_id, customer_id, actor)
    if mapping is None or mapping.archived_at is not None:
        raise NotFound("This customer has no mapping.")
    mapping.archived_at = actor.now
    return mapping, await _changed(session, mapping, mapping.account_id, None, actor)


async def _locked_mapping(
    session: AsyncSession, connection_id: UUID, customer_id: str, actor: Actor
) -> CustomerMapping | None:
    if await connections.find(session, actor.organization_id, connection_id) is None:
        raise missing_connection()
    await connections.lock_connections(session, [connection_id])
    return await store.mapping(session, actor.organization_id, connection_id, customer_id)


async def _changed(
    session: AsyncSession, mapping: CustomerMapping, before: UUID | None, after: UUID | None, actor: Actor
) -> bool:
    """Write the mapping and its history, and derive the customer's rows."""
    mapping.version += 1
    mapping.updated_at, mapping.updated_by = actor.now, actor.user_id
    change = LinkChange(
        organization_id=actor.organization_id,
        id=new_id(),
        connection_id=mapping.connection_id,
        customer_id=mapping.customer_id,
        account_before=before,
        account_after=after,
        changed_at=actor.now,
        changed_by=actor.user_id,
    )
    session.add_all([mapping, change])
    await session.flush()
    customer = (actor.organization_id, mapping.connection_id, mapping.customer_id)
    return await derive_or_put_off(session, Touched(customers={customer}), actor.now)


async def record_accounts(session: AsyncSession, events: Sequence[AccountUpdated], now: datetime) -> None:
    """Keep finance's accounts; rows that wait for one, or belong to one whose venture changed, follow."""
    rows = [
        {
            "organization_id": event.organization_id,
            "account_id": event.account_id,
            "version": event.version,
            "name": event.name,
            "venture_id": event.venture_id,
            "archived": event.archived,
        }
        for event in events
    ]
    if not rows:
        return
    # The locks come first: a batch of the worker that began before must end before its rows are looked for.
    await connections.lock_organizations(session, {event.organization_id for event in events})
    changed = await bulk_upsert(session, AccountView, rows, key=("organization_id", "account_id"))
    accounts = [(organization, account) for organization, account in map(tuple, changed)]
    touched = Touched(customers=await customers_claiming(session, "account_claim", accounts))
    await add_rows_by(session, touched, "account_claim", accounts)
    await add_rows_by(session, touched, "account_id", accounts)
    await derive_or_put_off(session, touched, now)


async def record_ventures(session: AsyncSession, events: Sequence[VentureState], now: datetime) -> None:
    """Keep plans' ventures; rows whose metadata names one that was unknown follow."""
    rows = [
        {
            "organization_id": event.organization_id,
            "venture_id": event.venture_id,
            "version": event.version,
            "name": event.name,
            "archived": event.archived_at is not None,
        }
        for event in events
    ]
    if not rows:
        return
    await connections.lock_organizations(session, {event.organization_id for event in events})
    fresh = {(event.organization_id, event.venture_id) for event in events}
    fresh -= await store.known_ventures(session, fresh)
    await bulk_upsert(session, VentureView, rows, key=("organization_id", "venture_id"))
    touched = Touched(customers=await customers_claiming(session, "venture_claim", fresh))
    await add_rows_by(session, touched, "venture_claim", fresh)
    await derive_or_put_off(session, touched, now)
