"""What finance does with the events of others."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.custom_metric import use_cases as custom_metric
from services.finance.payment import use_cases as payment
from services.finance.subscription import use_cases as subscription
from services.finance.terms import claim_arrival, settled_terms
from services.finance.venture import use_cases as venture
from shared.contracts.ingestion import (
    LedgerState,
    SubscriptionChanged,
)
from shared.contracts.plans import PlanState, VentureState
from shared.contracts.topology import CONSUMES
from shared.platform.bus.subscription import Batch, Subscription


async def on_ingestion(session: AsyncSession, batch: Batch) -> None:
    """Money came or went, and subscriptions changed."""
    if not batch.events:
        return
    terms = await settled_terms(session, batch.organizations)
    await payment.record_money(session, batch.of(LedgerState), terms.organizations)
    await subscription.record_changes(session, batch.of(SubscriptionChanged), terms)


async def on_plans(session: AsyncSession, batch: Batch) -> None:
    """A venture came to be, or changed; a plan defines custom metrics."""
    await venture.record_ventures(session, batch.of(VentureState))
    await custom_metric.record_definitions(session, batch.of(PlanState))


async def on_organizations(session: AsyncSession, organization_ids: Collection[UUID]) -> None:
    """Organizations arrived: derive what came before them."""
    organizations = await claim_arrival(session, organization_ids)
    await payment.date_money(session, organizations)
    await subscription.derive_underived(session, organizations)


SUBSCRIPTIONS = (
    Subscription(stream="INGESTION", events=CONSUMES["finance"]["INGESTION"], handle=on_ingestion),
    Subscription(stream="PLANS", events=CONSUMES["finance"]["PLANS"], handle=on_plans),
)
