"""Scenarios, what-ifs and percentile bands over HTTP."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.sync.projection.endpoints import found_projection
from services.sync.projection.schemas import ProjectionOut
from services.sync.scenario import use_cases
from services.sync.scenario.schemas import BandsOut, ScenariosBody, ScenarioSetOut, WhatIfBody, WhatIfOut
from services.sync.venture.models import VentureView
from shared.contracts.identity import Role
from shared.kernel.money import Amount
from shared.platform.db.waiting import known
from shared.platform.http.call import Call
from shared.platform.http.problems import problem_responses
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["scenarios"])

_INSTEAD = ("target_mrr", "target_date", "expected_burn_rate", "payroll_share", "salary_growth")
LARGEST_VOLATILITY = Decimal(2)


@router.post("/ventures/{venture_id}/scenarios", needs=Role.MEMBER, status_code=201, operation_id="makeScenarios")
async def make_scenarios(venture_id: UUID, call: Call, body: ScenariosBody | None = None) -> ScenarioSetOut:
    """Make Conservative, Base and Aggressive projections from the last actual, for investors.

    Conservative takes 75 % of the plan's growth at 110 % of its costs, Aggressive 125 % at 95 %; Base is
    the plan. They stand beside the plan's own projection and are compared like any other.
    """
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    asked = body or ScenariosBody()
    venture = (call.organization_id, venture_id)
    rows = await use_cases.make_scenarios(call.session, venture, asked.scenarios, asked.plan_version, call.user_id)
    return ScenarioSetOut(items=[ProjectionOut.of(row) for row in rows])


@router.post("/ventures/{venture_id}/what-ifs", needs=Role.MEMBER, status_code=201, operation_id="keepWhatIf")
async def keep_what_if(venture_id: UUID, body: WhatIfBody, call: Call) -> ProjectionOut:
    """Make a projection of what would be if something were different from the plan."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    row = await use_cases.keep_what_if(call.session, (call.organization_id, venture_id), _question(body), call.user_id)
    return ProjectionOut.of(row)


@router.post("/ventures/{venture_id}/what-ifs/preview", needs=Role.VIEWER, operation_id="previewWhatIf")
async def preview_what_if(venture_id: UUID, body: WhatIfBody, call: Call) -> WhatIfOut:
    """The same without keeping it: for trying things out."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    made, currency = await use_cases.preview_what_if(call.session, (call.organization_id, venture_id), _question(body))
    figures = made.forecast
    return WhatIfOut(
        name=made.name or body.name,
        plan_version=made.promise.plan_version,
        currency=currency,
        start_on=figures.start_on,
        start_revenue=figures.start_revenue,
        start_cash=figures.start_cash,
        required_growth_rate=figures.required_growth_rate,
        break_even_month=figures.break_even_month,
        cash_out_month=figures.cash_out_month,
        months=list(figures.months),
    )


def _question(body: WhatIfBody) -> use_cases.Question:
    given = {name: value for name in _INSTEAD if (value := getattr(body, name)) is not None}
    return use_cases.Question(body.name, body.adjustment(), given, body.plan_version)


@router.get(
    "/ventures/{venture_id}/projections/{projection_id}/bands",
    operation_id="getProjectionBands",
    responses=problem_responses(409),
)
async def get_projection_bands(
    venture_id: UUID,
    projection_id: UUID,
    call: Call,
    *,
    paths: Annotated[int, Query(ge=100, le=20_000, description="How many paths are drawn")] = 10_000,
    seed: Annotated[int, Query(ge=0, le=2**31 - 1, description="The same seed draws the same paths")] = 1,
    volatility: Annotated[
        Amount | None,
        Query(ge=0, le=LARGEST_VOLATILITY, description="Instead of the venture's own, e.g. 0.08"),
    ] = None,
) -> BandsOut:
    """Percentile bands (5, 25, 50, 75, 95) of MRR and runway around a projection.

    Monte Carlo over the venture's own growth volatility: the standard deviation of the monthly log growth of
    its last 24 months. The median follows the projection; costs are the projection's.
    """
    row = await found_projection(call, venture_id, projection_id)
    bands = await use_cases.draw_bands(call.session, row, paths=paths, seed=seed, volatility=volatility)
    return BandsOut.of(row.name, bands, given=volatility is not None)
