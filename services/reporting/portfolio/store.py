"""All SQL of the portfolio: set-based reads, each served by an index that leads with the organization."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import ARRAY, Date, Row, Text, and_, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.portfolio.models import (
    AlertRow,
    ComparisonRow,
    MetricRow,
    PlanRow,
    ProjectionRow,
    VentureRow,
)
from services.reporting.portfolio.rules.facts import (
    Alert,
    Comparison,
    Observation,
    Plan,
    ProjectedMonth,
    Projection,
    Venture,
)
from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.plans import MarketType, PlanStatus, PlanStrategy, PlanTargets, VentureStage
from shared.contracts.sync import (
    AlertStatus,
    AlertType,
    PerformanceStatus,
    ProjectionStatus,
    Severity,
)
from shared.kernel.ids import new_id
from shared.platform.db.driver import Statement, later, nothing


def _series(values: Sequence[Any], kind: Any, name: str) -> Any:
    """A list of values as a table of one column, ``value``."""
    given = bindparam(None, list(values), type_=ARRAY(kind), unique=True)
    return func.unnest(given).table_valued("value").render_derived(name=name)


# The statement's rows are locked until the commit, so it is a batch's last one, and takes them in one order.
_MARK: LiteralString = """
INSERT INTO portfolio_changes (organization_id, stream, mark)
SELECT organization_id, %s, %s FROM unnest(%s::uuid[]) AS given (organization_id)
ON CONFLICT (organization_id, stream) DO UPDATE SET mark = excluded.mark
"""
_MARKS: LiteralString = "SELECT stream, mark FROM portfolio_changes WHERE organization_id = %s ORDER BY stream"

Marks = tuple[tuple[str, UUID], ...]
"""The mark of each stream that has told something of an organization."""


async def leave_mark(session: AsyncSession, organizations: Collection[UUID], stream: str) -> None:
    """Note, as the last thing that a batch does, that it has changed something of these organizations."""
    await later(session, Statement(_MARK, (stream, new_id(), sorted(organizations)), nothing))


def marks(organization_id: UUID) -> Statement[Marks]:
    """The statement that asks for an organization's marks."""
    return Statement(_MARKS, (organization_id,), lambda rows: tuple((stream, mark) for stream, mark in rows))


async def ventures(session: AsyncSession, organization_id: UUID) -> list[Venture]:
    """Every venture, archived ones too."""
    rows = await session.scalars(select(VentureRow).where(VentureRow.organization_id == organization_id))
    return [
        Venture(
            id=row.venture_id,
            name=row.name,
            stage=VentureStage(row.stage),
            version=row.version,
            description=row.description,
            market_type=MarketType(row.market_type) if row.market_type else None,
            archived_at=row.archived_at,
        )
        for row in rows
    ]


async def plans(session: AsyncSession, organization_id: UUID) -> dict[UUID, Plan]:
    """The newest plan of each venture."""
    rows = await session.scalars(
        select(PlanRow)
        .where(PlanRow.organization_id == organization_id)
        .ext(distinct_on(PlanRow.venture_id))
        .order_by(PlanRow.venture_id, PlanRow.saved_at.desc(), PlanRow.plan_id.desc())
    )
    return {
        row.venture_id: Plan(
            id=row.plan_id,
            venture_id=row.venture_id,
            version=row.version,
            saved_at=row.saved_at,
            status=PlanStatus(row.status),
            completeness_pct=row.completeness_pct,
            pofw_score=row.pofw_score,
            strategy=PlanStrategy.model_validate(row.strategy),
            targets=PlanTargets.model_validate(row.targets),
        )
        for row in rows
    }


async def effective(
    session: AsyncSession, organization_id: UUID, metrics: Sequence[MetricKind], days: Sequence[date]
) -> dict[tuple[UUID, MetricKind, date], Observation]:
    """The effective observation of every venture, metric and day: the newest on or before it, strongest source.

    One look into the primary key for each (venture, metric, day), however long the history is.
    """
    kinds, wanted = _series([kind.value for kind in metrics], Text, "kinds"), _series(days, Date, "days")
    newest = (
        select(MetricRow)
        .where(
            MetricRow.organization_id == organization_id,
            MetricRow.venture_id == VentureRow.venture_id,
            MetricRow.metric == kinds.c.value,
            MetricRow.observed_on <= wanted.c.value,
            ~MetricRow.withdrawn,
        )
        .order_by(MetricRow.observed_on.desc(), MetricRow.precedence)
        .limit(1)
        .lateral("newest")
    )
    statement = (
        select(wanted.c.value.label("day"), *(newest.c[name] for name in _OBSERVED))
        .select_from(VentureRow)
        .join(kinds, true())
        .join(wanted, true())
        .join(newest, true())
        .where(VentureRow.organization_id == organization_id)
    )
    rows = [(row.day, _observation(row)) for row in await session.execute(statement)]
    return {(seen.venture_id, seen.metric, day): seen for day, seen in rows}


_OBSERVED = ("venture_id", "metric", "observed_on", "source", "value", "revision", "unconverted")


def _observation(row: Row[Any]) -> Observation:
    return Observation(
        venture_id=row.venture_id,
        metric=MetricKind(row.metric),
        observed_on=row.observed_on,
        source=MetricSource(row.source),
        value=row.value,
        revision=row.revision,
        unconverted=tuple((currency, Decimal(amount)) for currency, amount in row.unconverted),
    )


async def comparisons(
    session: AsyncSession, organization_id: UUID, days: Sequence[date], metric: MetricKind = MetricKind.MRR
) -> dict[tuple[UUID, date], Comparison]:
    """The newest comparison of a metric on or before each day, by venture and day."""
    wanted = _series(days, Date, "days")
    newest = (
        select(ComparisonRow)
        .where(
            ComparisonRow.organization_id == organization_id,
            ComparisonRow.venture_id == VentureRow.venture_id,
            ComparisonRow.metric == metric.value,
            ComparisonRow.observed_on <= wanted.c.value,
            ~ComparisonRow.withdrawn,
        )
        .order_by(ComparisonRow.observed_on.desc())
        .limit(1)
        .lateral("newest")
    )
    statement = (
        select(wanted.c.value.label("day"), newest)
        .select_from(VentureRow)
        .join(wanted, true())
        .join(newest, true())
        .where(VentureRow.organization_id == organization_id)
    )
    return {
        (row.venture_id, row.day): Comparison(
            venture_id=row.venture_id,
            metric=metric,
            observed_on=row.observed_on,
            version=row.version,
            actual=row.actual,
            status=PerformanceStatus(row.status),
            target=row.target,
            final_target=row.final_target,
            variance_pct=row.variance_pct,
            progress_pct=row.progress_pct,
            plan_version=row.plan_version,
        )
        for row in await session.execute(statement)
    }


def _alert(row: AlertRow) -> Alert:
    return Alert(
        id=row.alert_id,
        venture_id=row.venture_id,
        version=row.version,
        type=AlertType(row.type),
        severity=Severity(row.severity),
        status=AlertStatus(row.status),
        title=row.title,
        message=row.message,
        suggested_action=row.suggested_action,
        raised_at=row.raised_at,
        changed_at=row.changed_at,
        related_plan_section=row.related_plan_section,
        metric=MetricKind(row.metric) if row.metric else None,
    )


async def open_alerts(session: AsyncSession, organization_id: UUID) -> list[Alert]:
    """Every open alert."""
    statement = select(AlertRow).where(
        AlertRow.organization_id == organization_id, AlertRow.status == AlertStatus.OPEN.value
    )
    return [_alert(row) for row in await session.scalars(statement)]


async def alerts_between(session: AsyncSession, organization_id: UUID, start: datetime, end: datetime) -> list[Alert]:
    """The alerts that were open at some time from ``start`` until before ``end``."""
    still_open = and_(AlertRow.status == AlertStatus.OPEN.value, AlertRow.raised_at < end)
    closed_since = and_(AlertRow.changed_at >= start, AlertRow.raised_at < end)
    statement = select(AlertRow).where(AlertRow.organization_id == organization_id, or_(still_open, closed_since))
    return [_alert(row) for row in await session.scalars(statement)]


async def projections(session: AsyncSession, organization_id: UUID) -> dict[UUID, Projection]:
    """The projection that speaks for each venture: an ACTIVE one before others, then the newest."""
    active = ProjectionRow.status == ProjectionStatus.ACTIVE.value
    rows = await session.scalars(
        select(ProjectionRow)
        .where(ProjectionRow.organization_id == organization_id)
        .ext(distinct_on(ProjectionRow.venture_id))
        .order_by(ProjectionRow.venture_id, active.desc(), ProjectionRow.projection_id.desc())
    )
    return {
        row.venture_id: Projection(
            id=row.projection_id,
            venture_id=row.venture_id,
            version=row.version,
            plan_version=row.plan_version,
            months=tuple(ProjectedMonth(date.fromisoformat(end), Decimal(revenue)) for end, revenue in row.months),
        )
        for row in rows
    }
