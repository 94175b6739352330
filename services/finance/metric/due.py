"""The worker that makes figures of days that have come: a discount ended, a month has passed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import locking_ventures, sharing
from services.finance.metric import store, use_cases
from services.finance.metric.rules import history_from
from services.finance.policy.store import policies
from services.finance.revenue import store as revenue
from services.finance.terms import Terms
from shared.kernel.clock import today
from shared.platform.db.driver import run
from shared.platform.db.edges import Database
from shared.platform.db.platform_tables import OrganizationRow
from shared.platform.service import Runtime
from shared.platform.tenancy.organizations import organizations_by_id
from shared.platform.worker import work_off

ROLE = "due_days"
POLL_SECONDS = 60.0
ORGANIZATIONS_AT_A_TIME = 500
DAYS_AT_A_TIME = 500


async def run_due_days(runtime: Runtime) -> None:
    """Look each minute, and at once after a start, which days have come; for ever."""
    await work_off(runtime.wakeups, ROLE, lambda: observe_due(runtime.database), poll_seconds=POLL_SECONDS)


async def observe_due(database: Database) -> int:
    """Observe every day that has come, in every organization; gives how many metrics changed."""
    async with database.transaction() as session:
        ids = list(await session.scalars(select(OrganizationRow.id).order_by(OrganizationRow.id)))
    changed = 0
    for start in range(0, len(ids), ORGANIZATIONS_AT_A_TIME):
        chunk = ids[start : start + ORGANIZATIONS_AT_A_TIME]
        more = True
        while more:
            async with database.transaction(chunk) as session:
                found, more = await _observe_some(session, chunk)
                changed += found
    return changed


async def _observe_some(session: AsyncSession, ids: list[UUID]) -> tuple[int, bool]:
    """Observe some days that have come; gives how many metrics changed, and whether more may wait."""
    organizations = await organizations_by_id(session, ids)
    current = {identity: today(organization.time_zone) for identity, organization in organizations.items()}
    first = await store.due(session, current, DAYS_AT_A_TIME)
    if not first:
        return 0, False
    await run(session, sharing({key.organization_id for key in first}), locking_ventures(first))
    since = {key: history_from(day) for key, day in first.items()}
    chosen, days, calculated = await run(
        session, policies(ids), revenue.days_since(since), store.calculated_since(first)
    )
    terms = Terms(organizations, chosen)
    history = revenue.venture_days(days, terms)
    changed = await use_cases.observe(session, history, calculated, first, terms=terms, traces={})
    await store.forget_due(session, list(first), current)
    return changed, True
