"""The dashboard over HTTP."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from services.reporting.portfolio import store, use_cases
from services.reporting.portfolio.answers import Answer, Answers, ground
from services.reporting.portfolio.schemas import PortfolioOut
from shared.platform.http.look import Look, look_at
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["dashboard"])
_ANSWERS = Answers()
"""Of this process."""

Marked = Annotated[Look[store.Marks], Depends(look_at(store.marks))]


@router.get("/dashboard/portfolio", operation_id="getPortfolio", response_model=PortfolioOut)
async def get_portfolio(look: Marked) -> Response:
    """The whole portfolio in one answer: totals, each venture's plan beside its performance, open alerts."""

    async def make() -> Answer:
        async with look.transaction() as session:
            return Answer.of(await use_cases.read_portfolio(session, look.organization, look.now))

    if look.venture_ids is None:
        answer = await _ANSWERS.get(look.organization.id, ground(look.organization, look.seen, look.now), make)
    else:
        # A member who is limited to some ventures has a dashboard of their own.
        answer = await make()
    return Response(answer.body, media_type="application/json", headers={"ETag": answer.etag})
