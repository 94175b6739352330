"""The dashboard over HTTP."""

from fastapi.responses import Response

from services.reporting.portfolio import use_cases
from services.reporting.portfolio.answers import Answers
from services.reporting.portfolio.schemas import PortfolioOut
from shared.platform.http.call import Call
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["dashboard"])
_ANSWERS = Answers()
"""Of this process."""


@router.get("/dashboard/portfolio", operation_id="getPortfolio", response_model=PortfolioOut)
async def get_portfolio(call: Call) -> Response:
    """The whole portfolio in one answer: totals, each venture's plan beside its performance, open alerts."""
    # A member who is limited to some ventures has a dashboard of their own.
    shared = _ANSWERS if call.venture_ids is None else None
    answer = await use_cases.answer(call.session, await call.organization(), call.now, shared)
    return Response(answer.body, media_type="application/json", headers={"ETag": answer.etag})
