"""Comparisons over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.sync.quantities import stored_figure, stored_figure_or_none
from services.sync.variance import use_cases
from services.sync.variance.models import Variance
from services.sync.variance.schemas import BaselineOut, ExplainedVarianceOut, ObservationOut, RecoveryOut, VarianceOut
from services.sync.variance.store import listed_comparisons
from services.sync.venture.models import VentureView
from shared.contracts.plans import CustomMetricTarget, MetricName
from shared.platform.db.waiting import known
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["variances"])

_VARIANCES = "/ventures/{venture_id}/variances"


@router.get(_VARIANCES, operation_id="listVariances")
async def list_variances(
    venture_id: UUID,
    call: Call,
    page: PageQuery,
    *,
    metric: Annotated[MetricName | None, Query(description="Only this kind, or custom metric")] = None,
    first: Annotated[date | None, Query(alias="from", description="Observed on or after this day")] = None,
    last: Annotated[date | None, Query(alias="to", description="Observed on or before this day")] = None,
    current: Annotated[bool | None, Query(description="true: the newest-dated of each kind; false: all others")] = None,
) -> Page[VarianceOut]:
    """How the venture's actuals stand against its plan, newest first."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    statement = listed_comparisons(
        call.organization_id, venture_id, metric=metric, first=first, last=last, current=current
    )
    by = [Variance.observed_on.desc(), Variance.metric]
    found = await paginate(call.session, statement, page, by=by, into=VarianceOut.of)
    measured = ((one.metric, one.plan_version) for one in found.items)
    custom = await use_cases.definitions(call.session, call.organization_id, venture_id, measured)
    return Page(
        items=[_named(one, custom.get((one.metric, one.plan_version))) for one in found.items],
        next_cursor=found.next_cursor,
    )


@router.get(_VARIANCES + "/{metric}/{observed_on}", operation_id="explainVariance")
async def explain_variance(venture_id: UUID, metric: MetricName, observed_on: date, call: Call) -> ExplainedVarianceOut:
    """One comparison with its path, formula, plan version, baseline, and the observations and evidence behind it."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    found = await use_cases.explain_variance(call.session, call.organization_id, venture_id, metric, observed_on)
    row = found.row
    baseline = None
    if row.baseline is not None and row.baseline_on is not None and row.target_on is not None:
        baseline = BaselineOut(
            value=row.baseline, on=row.baseline_on, target_on=row.target_on, observation_on=found.baseline_observed_on
        )
    return ExplainedVarianceOut(
        **_named(VarianceOut.of(row), found.definition).model_dump(),
        formula=found.formula,
        variance_formula=found.variance_formula,
        baseline=baseline,
        plan_version_at=f"ventures/{venture_id}/plan/versions/{row.plan_version}" if row.plan_version else None,
        back_on_track=_recovery(found),
        observations=[
            ObservationOut.of(observation, effective=observation.source == row.source and not observation.withdrawn)
            for observation in found.observations
        ],
    )


def _named(out: VarianceOut, custom: CustomMetricTarget | None) -> VarianceOut:
    return out if custom is None else out.defined_by(custom)


def _recovery(found: use_cases.Explanation) -> RecoveryOut | None:
    if found.recovery is None:
        return None
    way, says = found.recovery
    return RecoveryOut(
        on_track_at=stored_figure(way.on_track_at),
        change=stored_figure(way.change),
        per_month=stored_figure_or_none(way.per_month),
        growth=stored_figure_or_none(way.growth),
        says=says,
    )
