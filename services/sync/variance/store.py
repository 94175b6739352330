"""SQL of comparisons."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules import FirstActual
from services.sync.comparison.rules import Content, StoredContent
from services.sync.hot import Reading, Rows
from services.sync.observation.rules import Series
from services.sync.observation.store import Span, series_columns
from services.sync.variance.models import Variance
from services.sync.venture.store import VentureKey, venture_columns
from shared.contracts.finance import MetricSource
from shared.contracts.plans import TargetPath
from shared.contracts.sync import PerformanceStatus, PlanSyncStatus
from shared.platform.db.bulk import bulk_put

VarianceKey = tuple[Series, date]
_CONTENT = tuple(field.name for field in fields(Content))

_SELECTED: LiteralString = """
    v.organization_id, v.venture_id, v.metric, v.observed_on, v.version, v.source, v.actual, v.target,
    v.final_target, v.variance_pct, v.progress_pct, v.status, v.plan_id, v.plan_version, v.path, v.baseline,
    v.baseline_on, v.target_on, v.currency, v.current, v.plan_sync_status, v.withdrawn
"""
_SAME_SERIES: LiteralString = """
    v.organization_id = asked.organization_id AND v.venture_id = asked.venture_id AND v.metric = asked.metric
"""


def _stored(row: tuple[Any, ...]) -> tuple[VarianceKey, StoredContent]:
    organization, venture, metric, observed_on, version, source, *figures = row
    actual, target, final_target, variance_pct, progress_pct, status, plan_id, plan_version, path, *rest = figures
    baseline, baseline_on, target_on, currency, current, plan_sync_status, withdrawn = rest
    content = Content(
        MetricSource(source),
        actual,
        target,
        final_target,
        variance_pct,
        progress_pct,
        PerformanceStatus(status),
        plan_id,
        plan_version,
        TargetPath(path) if path else None,
        baseline,
        baseline_on,
        target_on,
        currency,
        current,
        PlanSyncStatus(plan_sync_status) if plan_sync_status else None,
        withdrawn,
    )
    return (Series(organization, venture, metric), observed_on), StoredContent(version, content)


def stored_comparisons(
    spans: Collection[Span], series: Collection[Series]
) -> Reading[dict[VarianceKey, StoredContent]]:
    """The rows within spans, and the current row of each series, and that of its newest effective observation."""
    return Reading(
        f"""
        SELECT {_SELECTED}
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[], %s::date[])
               AS asked (organization_id, venture_id, metric, first, last)
        JOIN variances v ON {_SAME_SERIES} AND v.observed_on BETWEEN asked.first AND asked.last
        UNION ALL
        SELECT {_SELECTED}
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS asked (organization_id, venture_id, metric)
        JOIN variances v ON {_SAME_SERIES} AND v.current
        UNION ALL
        SELECT {_SELECTED}
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS asked (organization_id, venture_id, metric)
        CROSS JOIN LATERAL (
            SELECT n.observed_on FROM observations n
            WHERE n.organization_id = asked.organization_id AND n.venture_id = asked.venture_id
              AND n.metric = asked.metric AND NOT n.withdrawn
            ORDER BY n.observed_on DESC LIMIT 1
        ) newest
        JOIN variances v ON {_SAME_SERIES} AND v.observed_on = newest.observed_on AND NOT v.current
        """,  # noqa: S608 - nothing but constants of this module
        (
            *series_columns(span.series for span in spans),
            [span.first for span in spans],
            [span.last for span in spans],
            *series_columns(series),
            *series_columns(series),
        ),
        lambda rows: dict(map(_stored, rows)),
    )


def row_of(key: VarianceKey, stored: StoredContent, computed_at: datetime) -> Mapping[str, Any]:
    """The columns of a comparison row."""
    series, day = key
    return {
        "organization_id": series.organization_id,
        "venture_id": series.venture_id,
        "metric": str(series.metric),
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
    await bulk_put(session, Variance, rows, key=("organization_id", "venture_id", "metric", "observed_on"))


def first_actuals(
    ventures: Collection[VentureKey], currencies: Mapping[VentureKey, str]
) -> Reading[dict[VentureKey, FirstActual]]:
    """The earliest-dated MRR of each venture that is not 0."""

    def load(rows: Rows) -> dict[VentureKey, FirstActual]:
        return {
            (organization, venture): FirstActual(
                observed_on, actual, progress, final, version, currency or currencies[organization, venture]
            )
            for organization, venture, observed_on, actual, progress, final, version, currency in rows
        }

    return Reading(
        """
        SELECT earliest.*
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        CROSS JOIN LATERAL (
            SELECT v.organization_id, v.venture_id, v.observed_on, v.actual, v.progress_pct, v.final_target,
                   v.plan_version, v.currency
            FROM variances v
            WHERE v.organization_id = asked.organization_id AND v.venture_id = asked.venture_id
              AND v.metric = 'mrr' AND v.actual <> 0 AND NOT v.withdrawn
            ORDER BY v.observed_on
            LIMIT 1
        ) earliest
        """,
        venture_columns(ventures),
        load,
    )


def listed_comparisons(
    organization_id: UUID,
    venture_id: UUID,
    *,
    metric: str | None,
    first: date | None,
    last: date | None,
    current: bool | None,
) -> Select[Variance]:
    """The comparisons of one venture that hold, filtered."""
    statement = select(Variance).where(
        Variance.organization_id == organization_id, Variance.venture_id == venture_id, ~Variance.withdrawn
    )
    if metric is not None:
        statement = statement.where(Variance.metric == metric)
    if first is not None:
        statement = statement.where(Variance.observed_on >= first)
    if last is not None:
        statement = statement.where(Variance.observed_on <= last)
    if current is not None:
        statement = statement.where(Variance.current.is_(current))
    return statement


async def comparison_of(session: AsyncSession, series: Series, day: date) -> Variance | None:
    """The comparison of one day, unless its observation was withdrawn."""
    row = await session.get(Variance, (series.organization_id, series.venture_id, str(series.metric), day))
    return row if row is not None and not row.withdrawn else None
