"""SQL of comparisons."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules import FirstActual
from services.sync.comparison.rules import Content, StoredContent
from services.sync.observation.rules import Series
from services.sync.observation.store import Span, asked_series
from services.sync.variance.models import Variance
from services.sync.venture.store import VentureKey
from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.plans import TargetPath
from shared.contracts.sync import PerformanceStatus, PlanSyncStatus
from shared.platform.db.bulk import bulk_upsert

VarianceKey = tuple[Series, date]
_CONTENT = tuple(field.name for field in fields(Content))

_COLUMNS = (
    Variance.organization_id,
    Variance.venture_id,
    Variance.metric,
    Variance.observed_on,
    Variance.version,
    Variance.source,
    Variance.actual,
    Variance.target,
    Variance.final_target,
    Variance.variance_pct,
    Variance.progress_pct,
    Variance.status,
    Variance.plan_id,
    Variance.plan_version,
    Variance.path,
    Variance.baseline,
    Variance.baseline_on,
    Variance.target_on,
    Variance.currency,
    Variance.current,
    Variance.plan_sync_status,
    Variance.withdrawn,
)


def _content(row: Any) -> Content:
    return Content(
        MetricSource(row.source),
        row.actual,
        row.target,
        row.final_target,
        row.variance_pct,
        row.progress_pct,
        PerformanceStatus(row.status),
        row.plan_id,
        row.plan_version,
        TargetPath(row.path) if row.path else None,
        row.baseline,
        row.baseline_on,
        row.target_on,
        row.currency,
        row.current,
        PlanSyncStatus(row.plan_sync_status) if row.plan_sync_status else None,
        row.withdrawn,
    )


def _in_spans(spans: Sequence[Span]) -> Select[*tuple[Any, ...]]:
    asked = asked_series(
        [span.series for span in spans], first=[span.first for span in spans], last=[span.last for span in spans]
    )
    return select(*_COLUMNS).join_from(
        asked,
        Variance,
        (Variance.organization_id == asked.c.organization_id)
        & (Variance.venture_id == asked.c.venture_id)
        & (Variance.metric == asked.c.metric)
        & Variance.observed_on.between(asked.c.first, asked.c.last),
    )


def _current(series: Sequence[Series]) -> Select[*tuple[Any, ...]]:
    asked = asked_series(series)
    return select(*_COLUMNS).join_from(
        asked,
        Variance,
        (Variance.organization_id == asked.c.organization_id)
        & (Variance.venture_id == asked.c.venture_id)
        & (Variance.metric == asked.c.metric)
        & Variance.current,
    )


async def stored_comparisons(
    session: AsyncSession, spans: Collection[Span], series: Collection[Series]
) -> dict[VarianceKey, StoredContent]:
    """The rows within spans, and the current row of each series."""
    parts = [_in_spans(list(spans))] if spans else []
    parts += [_current(list(series))] if series else []
    if not parts:
        return {}
    statement = parts[0] if len(parts) == 1 else union_all(*parts)
    return {
        (Series(row.organization_id, row.venture_id, MetricKind(row.metric)), row.observed_on): StoredContent(
            row.version, _content(row)
        )
        for row in await session.execute(statement)
    }


def row_of(key: VarianceKey, stored: StoredContent, computed_at: datetime) -> Mapping[str, Any]:
    """The columns of a comparison row."""
    series, day = key
    return {
        "organization_id": series.organization_id,
        "venture_id": series.venture_id,
        "metric": series.metric.value,
        "observed_on": day,
        "version": stored.version,
        **{name: getattr(stored.content, name) for name in _CONTENT},
        "computed_at": computed_at,
    }


async def write_comparisons(
    session: AsyncSession, changed: Mapping[VarianceKey, StoredContent], computed_at: datetime
) -> None:
    """Write rows whose version rose."""
    rows = [row_of(key, stored, computed_at) for key, stored in changed.items()]
    await bulk_upsert(session, Variance, rows, key=("organization_id", "venture_id", "metric", "observed_on"))


async def first_actuals(
    session: AsyncSession, ventures: Collection[VentureKey], currencies: Mapping[VentureKey, str]
) -> dict[VentureKey, FirstActual]:
    """The earliest-dated MRR of each venture that is not 0."""
    if not ventures:
        return {}
    asked = asked_series([Series(organization, venture, MetricKind.MRR) for organization, venture in ventures])
    first = (
        select(Variance)
        .where(
            Variance.organization_id == asked.c.organization_id,
            Variance.venture_id == asked.c.venture_id,
            Variance.metric == MetricKind.MRR.value,
            Variance.actual != 0,
            ~Variance.withdrawn,
        )
        .order_by(Variance.observed_on)
        .limit(1)
        .lateral("first_actual")
    )
    found: dict[VentureKey, FirstActual] = {}
    for row in await session.execute(select(first).select_from(asked).join(first, true())):
        key = (row.organization_id, row.venture_id)
        found[key] = FirstActual(
            row.observed_on,
            row.actual,
            row.progress_pct,
            row.final_target,
            row.plan_version,
            row.currency or currencies[key],
        )
    return found


def listed_comparisons(
    organization_id: UUID,
    venture_id: UUID,
    *,
    metric: MetricKind | None,
    first: date | None,
    last: date | None,
    current: bool | None,
) -> Select[Variance]:
    """The comparisons of one venture that hold, filtered."""
    statement = select(Variance).where(
        Variance.organization_id == organization_id, Variance.venture_id == venture_id, ~Variance.withdrawn
    )
    if metric is not None:
        statement = statement.where(Variance.metric == metric.value)
    if first is not None:
        statement = statement.where(Variance.observed_on >= first)
    if last is not None:
        statement = statement.where(Variance.observed_on <= last)
    if current is not None:
        statement = statement.where(Variance.current.is_(current))
    return statement


async def comparison_of(session: AsyncSession, series: Series, day: date) -> Variance | None:
    """The comparison of one day, unless its observation was withdrawn."""
    row = await session.get(Variance, (series.organization_id, series.venture_id, series.metric.value, day))
    return row if row is not None and not row.withdrawn else None
