"""All SQL of metrics."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, Select, Uuid, case, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.finance.custom_metric.models import DEFINES_ANY
from services.finance.keys import VentureKey, given, key_columns
from services.finance.metric.models import DueDay, Metric
from shared.contracts.finance import MetricKind, MetricSource
from shared.platform.db.bulk import bulk_insert, bulk_put, in_values
from shared.platform.db.driver import Rows, Statement
from shared.platform.db.whole import columns_of, rows_of

KEY = ("organization_id", "venture_id", "metric", "observed_on", "source")

Calculated = dict[VentureKey, dict[tuple[MetricKind, date], Any]]
"""Stored calculated metrics by venture, kind and day."""


_CALCULATED_SINCE = f"""
    SELECT {columns_of(Metric, "m")}
    FROM unnest(%s::uuid[], %s::uuid[], %s::date[]) AS asked (organization_id, venture_id, since)
    JOIN metrics m ON m.organization_id = asked.organization_id AND m.venture_id = asked.venture_id
      AND m.observed_on >= asked.since AND m.source = '{MetricSource.CALCULATED.value}'
""".encode()  # noqa: S608 - names of declared columns


def calculated_since(since: Mapping[VentureKey, date]) -> Statement[Calculated]:
    """The calculated metrics of ventures since a day, withdrawn ones included."""

    def load(rows: Rows) -> Calculated:
        found: Calculated = defaultdict(dict)
        for row in rows_of(Metric)(rows):
            key = VentureKey(row.organization_id, row.venture_id)
            found[key][MetricKind(row.metric), row.observed_on] = row
        return found

    return Statement(_CALCULATED_SINCE, key_columns([(*key, day) for key, day in since.items()], 3), load)


async def observed_ventures(session: AsyncSession, organization_id: UUID) -> list[VentureKey]:
    """The ventures of an organization that have calculated metrics."""
    statement = (
        select(Metric.venture_id)
        .distinct()
        .where(Metric.organization_id == organization_id, Metric.source == MetricSource.CALCULATED.value)
    )
    return [VentureKey(organization_id, venture_id) for venture_id in await session.scalars(statement)]


async def write(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write metrics, each with a higher revision than before."""
    await bulk_put(session, Metric, rows, key=KEY, newer_by="revision")


async def stored(session: AsyncSession, keys: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], Row[Any]]:
    """The metrics with some keys, withdrawn ones included."""
    columns = [getattr(Metric, name) for name in KEY]
    rows = await session.execute(select(*Metric.__table__.c).where(in_values(columns, keys)))
    return {tuple(getattr(row, name) for name in KEY): row for row in rows}


CARRIED_SOURCES = (MetricSource.IMPORTED, MetricSource.MANUAL)
"""Entered ones that are carried forward; an override is of its day alone."""

_NEWEST_ENTERED = f"""
    WITH names AS MATERIALIZED (
        SELECT organization_id, metric FROM unnest(%s::uuid[]) organization_id CROSS JOIN unnest(%s::text[]) metric
        UNION
        SELECT p.organization_id, defined.value->>'key'
        FROM planned_metrics p CROSS JOIN jsonb_array_elements(p.metrics) defined
        WHERE p.organization_id = ANY (%s::uuid[]) AND p.{DEFINES_ANY}
    )
    SELECT {columns_of(Metric, "newest")}
    FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
    JOIN names USING (organization_id)
    CROSS JOIN LATERAL (
        SELECT m.* FROM metrics m
        WHERE m.organization_id = asked.organization_id AND m.venture_id = asked.venture_id
          AND m.metric = names.metric AND m.observed_on <= %s AND NOT m.withdrawn AND m.source = ANY (%s::text[])
        ORDER BY m.observed_on DESC, array_position(%s::text[], m.source)
        LIMIT 1
    ) newest
""".encode()  # noqa: S608 - names of declared columns


def newest_entered(keys: Sequence[VentureKey], on: date) -> Statement[list[Any]]:
    """The newest entered metric of each venture and kind on or before a day, overrides left out.

    Of custom metrics those that a current plan of the organization defines.
    """
    sources = [source.value for source in CARRIED_SOURCES]
    organizations, ventures = key_columns(keys, 2)
    all_of = sorted(set(organizations))
    kinds = [kind.value for kind in MetricKind]
    parameters = (all_of, kinds, all_of, organizations, ventures, on, sources, sources)
    return Statement(_NEWEST_ENTERED, parameters, lambda rows: list(rows_of(Metric)(rows)))


async def everything_said(
    session: AsyncSession, key: VentureKey, kinds: Collection[tuple[str, str]]
) -> Sequence[Row[Any]]:
    """Everything that some (metric, source) say of a venture, withdrawn ones included, in order of day."""
    statement = (
        select(*Metric.__table__.c)
        .where(
            Metric.organization_id == key.organization_id,
            Metric.venture_id == key.venture_id,
            in_values([Metric.metric, Metric.source], list(kinds)),
        )
        .order_by(Metric.observed_on)
    )
    return (await session.execute(statement)).all()


async def expect(session: AsyncSession, days: Sequence[tuple[VentureKey, date]]) -> None:
    """Remember days that lie in the future, on which figures change by themselves."""
    rows = [key._asdict() | {"day": day} for key, day in days]
    await bulk_insert(session, DueDay, rows, on_conflict="ignore")


async def due(session: AsyncSession, today: Mapping[UUID, date], limit: int) -> dict[VentureKey, date]:
    """Ventures with days that have come, and the first of those days."""
    keys = given(list(today.items()), organization_id=Uuid(), today=Date())
    statement = (
        select(DueDay)
        .join(keys, DueDay.organization_id == keys.c.organization_id)
        .where(DueDay.day <= keys.c.today)
        .order_by(DueDay.organization_id, DueDay.day, DueDay.venture_id)
        .limit(limit)
    )
    found: dict[VentureKey, date] = {}
    for row in await session.scalars(statement):
        found.setdefault(VentureKey(row.organization_id, row.venture_id), row.day)
    return found


async def forget_due(session: AsyncSession, ventures: Sequence[VentureKey], today: Mapping[UUID, date]) -> None:
    """Take the days of ventures that have come off the queue."""
    keys = [(*key, today[key.organization_id]) for key in ventures]
    known = given(keys, organization_id=Uuid(), venture_id=Uuid(), today=Date())
    come = exists().where(
        DueDay.organization_id == known.c.organization_id,
        DueDay.venture_id == known.c.venture_id,
        DueDay.day <= known.c.today,
    )
    await session.execute(delete(DueDay).where(come))


def _precedence(column: Any) -> ColumnElement[int]:
    return case({source.value: source.precedence for source in MetricSource}, value=column)


def listed(
    organization_id: UUID,
    venture_id: UUID,
    *,
    metric: str | None,
    source: MetricSource | None,
    since: date | None,
    until: date | None,
    effective: bool,
) -> Select[Metric]:
    """A venture's metrics that hold; ``effective`` leaves one source of each kind and day."""
    statement = select(Metric).where(
        Metric.organization_id == organization_id, Metric.venture_id == venture_id, Metric.withdrawn.is_(False)
    )
    if metric is not None:
        statement = statement.where(Metric.metric == metric)
    if source is not None:
        statement = statement.where(Metric.source == source.value)
    if since is not None:
        statement = statement.where(Metric.observed_on >= since)
    if until is not None:
        statement = statement.where(Metric.observed_on <= until)
    if effective:
        better = aliased(Metric)
        statement = statement.where(
            ~exists().where(
                better.organization_id == Metric.organization_id,
                better.venture_id == Metric.venture_id,
                better.metric == Metric.metric,
                better.observed_on == Metric.observed_on,
                better.withdrawn.is_(False),
                _precedence(better.source) < _precedence(Metric.source),
            )
        )
    return statement


async def of_day(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, metric: str, observed_on: date
) -> list[Metric]:
    """What every source says of one kind on one day, the effective one first."""
    statement = (
        listed(
            organization_id,
            venture_id,
            metric=metric,
            source=None,
            since=observed_on,
            until=observed_on,
            effective=False,
        )
    ).order_by(_precedence(Metric.source))
    return list(await session.scalars(statement))
