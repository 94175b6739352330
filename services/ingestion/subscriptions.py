"""What ingestion does with the events of others."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.store import lock_organizations
from services.ingestion.ledger.use_cases import derive_or_put_off
from services.ingestion.linking import use_cases as linking
from services.ingestion.payout.store import add_returned
from services.ingestion.stripe_object.rules.touched import Touched
from shared.contracts.finance import AccountUpdated
from shared.contracts.plans import VentureState
from shared.contracts.topology import CONSUMES
from shared.kernel.clock import now
from shared.platform.bus.subscription import UNHURRIED, Batch, Subscription


async def on_finance(session: AsyncSession, batch: Batch) -> None:
    """Accounts came or changed: rows that wait for them link."""
    await linking.record_accounts(session, batch.of(AccountUpdated), now())


async def on_plans(session: AsyncSession, batch: Batch) -> None:
    """Ventures came or changed: rows whose metadata names them follow."""
    await linking.record_ventures(session, batch.of(VentureState), now())


async def on_organizations(session: AsyncSession, organization_ids: Collection[UUID]) -> None:
    """A time zone came or changed: payouts that came back are dated in it."""
    await lock_organizations(session, organization_ids)
    touched = Touched()
    await add_returned(session, touched, organization_ids)
    await derive_or_put_off(session, touched, now())


SUBSCRIPTIONS = (
    Subscription(stream="FINANCE", events=CONSUMES["ingestion"]["FINANCE"], handle=on_finance, rest=UNHURRIED),
    Subscription(stream="PLANS", events=CONSUMES["ingestion"]["PLANS"], handle=on_plans),
)
