"""Metrics over HTTP."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.finance.custom_metric.store import definitions
from services.finance.metric import entries, explain, store
from services.finance.metric.models import Metric
from services.finance.metric.rules import CALCULATED_KINDS
from services.finance.metric.schemas import (
    EarlierOut,
    EnteredSource,
    ImportOut,
    MetricExplained,
    MetricImport,
    MetricOut,
    NewMetric,
    PartOut,
    PolicyOut,
)
from services.finance.policy.store import policy_of
from services.finance.queries import Since, Until, check_order
from services.finance.venture.models import VentureView
from shared.contracts.finance import MetricKind, MetricSource, UnconvertedAmount, is_custom
from shared.contracts.identity import Role
from shared.contracts.plans import MetricName
from shared.kernel.errors import NotFound
from shared.platform.db.waiting import known
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["metrics"])


@router.get("/ventures/{venture_id}/metrics", operation_id="listMetrics")
async def list_metrics(
    venture_id: UUID,
    call: Call,
    page: PageQuery,
    *,
    metric: Annotated[MetricName | None, Query(description="One kind of metric, or custom metric")] = None,
    kind: Annotated[MetricName | None, Query(description="The same as `metric`")] = None,
    source: Annotated[MetricSource | None, Query(description="One source")] = None,
    from_: Since = None,
    to: Until = None,
    effective: Annotated[
        bool, Query(description="Of each day only what counts: override > calculated > imported > manual")
    ] = False,
) -> Page[MetricOut]:
    """A venture's dated actuals, newest day first."""
    check_order(from_, to)
    await _venture(call, venture_id)
    statement = store.listed(
        call.organization_id,
        venture_id,
        metric=metric or kind,
        source=source,
        since=from_,
        until=to,
        effective=effective,
    )
    by = [Metric.observed_on.desc(), Metric.metric, Metric.source]
    return await paginate(call.session, statement, page, by=by, into=MetricOut.of)


@router.post("/ventures/{venture_id}/metrics", needs=Role.MEMBER, status_code=201, operation_id="createMetric")
async def create_metric(venture_id: UUID, body: NewMetric, call: Call) -> MetricOut:
    """Enter an actual; the same day entered again with another value is its next revision."""
    rows, _ = await entries.enter(call.session, [body], body.source, await _entering(call, venture_id))
    return MetricOut.from_values(rows[0])


@router.post("/ventures/{venture_id}/metrics/import", needs=Role.MEMBER, operation_id="importMetrics")
async def import_metrics(venture_id: UUID, body: MetricImport, call: Call) -> ImportOut:
    """Take in up to 1000 actuals of another system, all or none; what is there already stays as it is."""
    entering = replace(await _entering(call, venture_id), place="metrics.{}.")
    _, written = await entries.enter(call.session, body.metrics, EnteredSource.IMPORTED, entering)
    return ImportOut(written=written, unchanged=len(body.metrics) - written)


@router.get("/ventures/{venture_id}/metrics/{metric}/{observed_on}", operation_id="explainMetric")
async def explain_metric(venture_id: UUID, metric: MetricName, observed_on: date, call: Call) -> MetricExplained:
    """One figure with everything behind it: its sources, definition, policy, subscriptions and their events."""
    await _venture(call, venture_id)
    rows = await store.of_day(call.session, call.organization_id, venture_id, metric, observed_on)
    if not rows:
        raise NotFound(f"The venture has no {metric} dated {observed_on}.")
    sources = [MetricOut.of(row) for row in rows]
    calculated = metric in CALCULATED_KINDS and any(row.source == MetricSource.CALCULATED for row in sources)
    found = await _parts(call, venture_id, observed_on) if calculated else None
    earlier = None
    if calculated and metric == MetricKind.GROWTH_RATE:
        day, mrr = await explain.earlier_mrr(call.session, call.organization_id, venture_id, observed_on)
        earlier = EarlierOut(day=day, mrr=mrr)
    policy = await policy_of(call.session, call.organization_id) if calculated else None
    return MetricExplained(
        definition=await _definition(call, venture_id, metric),
        effective=sources[0],
        sources=sources,
        policy=PolicyOut(version=policy.version, settings=policy.settings) if policy else None,
        parts=[] if found is None else [_part(row) for row in found.shown],
        parts_total=0 if found is None else found.total,
        sums=[]
        if found is None
        else [UnconvertedAmount(currency=name, amount=sum_) for name, sum_ in found.sums.items()],
        customers=None if found is None else found.customers,
        earlier=earlier,
    )


@router.delete(
    "/ventures/{venture_id}/metrics/{metric}/{observed_on}",
    needs=Role.MEMBER,
    status_code=204,
    operation_id="withdrawMetric",
)
async def withdraw_metric(
    venture_id: UUID,
    metric: MetricName,
    observed_on: date,
    call: Call,
    source: Annotated[EnteredSource, Query(description="Whose actual of that day")],
) -> None:
    """Take an entered actual back; the next source counts again."""
    await entries.withdraw(call.session, metric, observed_on, source, await _entering(call, venture_id))


async def _venture(call: Call, venture_id: UUID) -> None:
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)


async def _entering(call: Call, venture_id: UUID) -> entries.Entering:
    await _venture(call, venture_id)
    return entries.Entering(await call.organization(), venture_id, call.user_id, call.now)


async def _definition(call: Call, venture_id: UUID, metric: str) -> str:
    if not is_custom(metric):
        return explain.definition_of(metric, None)
    known = await definitions(call.session, call.organization_id, venture_id)
    return explain.definition_of(metric, known.get(metric))


async def _parts(call: Call, venture_id: UUID, day: date) -> explain.Parts:
    return await explain.parts_of(call.session, call.organization_id, venture_id, day)


def _part(row: object) -> PartOut:
    names = [name for name in PartOut.model_fields if name != "since"]
    return PartOut.model_validate({name: getattr(row, name) for name in names} | {"since": getattr(row, "day", None)})
