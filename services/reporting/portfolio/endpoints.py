"""The dashboard over HTTP."""

from services.reporting.portfolio import use_cases
from services.reporting.portfolio.schemas import PortfolioOut
from shared.platform.http.call import Call
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["dashboard"])


@router.get("/dashboard/portfolio", operation_id="getPortfolio")
async def get_portfolio(call: Call) -> PortfolioOut:
    """The whole portfolio in one answer: totals, each venture's plan beside its performance, open alerts."""
    return await use_cases.read_portfolio(call.session, await call.organization(), call.now)
