"""Seeing to the alert of a portfolio that rests on one venture.

Every venture's MRR bears on it, so it is no part of the transaction of one of them: that leaves an errand, and
what is found is found after its commit.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules import find_unbalanced_portfolio
from services.sync.alert.use_cases import PORTFOLIO_LOCK, AlertKey, Evaluation, alerts_to_settle, settle_alerts
from services.sync.alert_limit.store import limits_of
from services.sync.comparison.store import stand_unlocked
from services.sync.errand.models import PORTFOLIO
from services.sync.errand.store import add_errands
from services.sync.hot import read
from services.sync.portfolio.store import holdings_of, told_of
from shared.contracts.sync import AlertType
from shared.kernel.clock import now
from shared.platform.bus.outbox import emit_all
from shared.platform.bus.wakeups import wake_after_commit
from shared.platform.db.bulk import lock_keys

BALANCER = "balancer"
"""The role that looks at portfolios."""


async def look_at_portfolios(session: AsyncSession, organization_ids: Collection[UUID]) -> None:
    """Let portfolios be looked at after the commit: one errand an organization, however often it is asked."""
    if organization_ids:
        await add_errands(session, PORTFOLIO, [(one, one) for one in organization_ids], now())
        wake_after_commit(session, BALANCER)


async def judge_portfolio(session: AsyncSession, organization_id: UUID) -> None:
    """Raise, update or resolve PORTFOLIO_UNBALANCED of an organization: one is open at most."""
    await lock_keys(session, PORTFOLIO_LOCK, [organization_id])
    whole = (organization_id, organization_id)
    holdings, told, limits = await read(
        session, holdings_of(organization_id), told_of(organization_id), limits_of([whole])
    )
    found = find_unbalanced_portfolio(holdings, limits[whole])
    newest = max((one.observed_on for one in holdings), default=None)
    evaluations: dict[AlertKey, Evaluation] = {
        ((organization_id, venture), AlertType.PORTFOLIO_UNBALANCED): Evaluation(
            found[1] if found and found[0] == venture else None, newest, dated=True
        )
        for venture in told | ({found[0]} if found else set())
    }
    ventures = {venture for venture, _type in evaluations}
    if not ventures:
        return
    ground = await stand_unlocked(session, ventures)
    if not ground.ventures:
        return
    (stored,) = await read(session, alerts_to_settle(ground, ventures))
    await emit_all(session, await settle_alerts(session, ground, stored, evaluations, {}))
