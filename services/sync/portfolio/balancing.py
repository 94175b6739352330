"""The balancer: looks at the portfolios of organizations whose MRR has moved."""

import asyncio
from time import monotonic

import structlog

from services.sync.errand import store as errands
from services.sync.errand.models import PORTFOLIO
from services.sync.errand.store import Held
from services.sync.errand.worker import carry_out_errands
from services.sync.portfolio.use_cases import BALANCER, judge_portfolio
from shared.platform.db.outage import is_outage
from shared.platform.service import Runtime

log = structlog.get_logger()

AT_A_TIME = 50
REST_SECONDS, REST_FACTOR = 0.25, 10
"""Between two looks, so that what moves meanwhile is seen by one: that long, or that often what the last one took."""


async def run_balancer(runtime: Runtime) -> None:
    """Look at portfolios as they move, until the process ends."""
    rested = 0.0

    async def carry_out(held: list[Held]) -> None:
        nonlocal rested
        await asyncio.sleep(rested - monotonic())
        begun = monotonic()
        for one in held:
            try:
                await balance(runtime, one)
            except Exception as error:
                if is_outage(error):
                    raise
                # It is tried again when the hold on it ends, and delays none of the others.
                log.exception("portfolio.failed", organization_id=str(one.organization_id))
        done = monotonic()
        rested = done + max(REST_SECONDS, REST_FACTOR * (done - begun))

    await carry_out_errands(runtime, BALANCER, PORTFOLIO, carry_out, AT_A_TIME)


async def balance(runtime: Runtime, held: Held) -> None:
    """Look at one portfolio.

    The errand ends first: a transaction that moves MRR waits for that and leaves a new one, or it is committed, and
    what it wrote is seen here.
    """
    async with runtime.database.transaction([held.organization_id]) as session:
        if await errands.finish(session, [held.id]):
            await judge_portfolio(session, held.organization_id)
