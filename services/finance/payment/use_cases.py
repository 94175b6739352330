"""Keeping money facts, and summing them up by month."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.payment import store
from services.finance.terms import Organizations
from shared.contracts.ingestion import LedgerState


async def record_money(session: AsyncSession, events: Sequence[LedgerState], organizations: Organizations) -> None:
    """Keep payments, refunds, disputes and payouts at their newest version, dated where the organization is known."""
    await store.store_facts(session, events, organizations)


async def date_money(session: AsyncSession, organizations: Organizations) -> None:
    """Date what was stored before its organization's time zone was known."""
    await store.date_facts(session, organizations)
