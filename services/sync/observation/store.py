"""SQL of observations: keep what came, read what a comparison needs."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Text, Uuid, bindparam, case, column, func, literal_column, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from services.sync.observation.models import ObservationView
from services.sync.observation.rules import Observation, Series
from shared.contracts.finance import MetricCreated, MetricKind, MetricSource
from shared.platform.db.bulk import bulk_upsert

_KEY = ("organization_id", "venture_id", "metric", "observed_on", "source")
_PRECEDENCE = case(
    {source.value: source.precedence for source in MetricSource}, value=ObservationView.source, else_=len(MetricSource)
)


@dataclass(frozen=True, slots=True)
class Span:
    """The days of one series from ``first`` to ``last``, both included."""

    series: Series
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Probe:
    """A question: which is the newest effective observation of a series dated on or before a day?"""

    series: Series
    on: date


async def store_observations(session: AsyncSession, events: Sequence[MetricCreated]) -> set[tuple[Series, date]]:
    """Keep the highest revision of each observation; returns the days of series that changed."""
    rows = [
        {
            "organization_id": event.organization_id,
            "venture_id": event.venture_id,
            "metric": event.metric.value,
            "observed_on": event.observed_on,
            "source": event.source.value,
            "revision": event.revision,
            "value": event.value,
            "currency": event.currency,
            "withdrawn": event.withdrawn,
            "recorded_at": event.recorded_at,
            "policy_version": event.policy_version,
            "note": event.note,
            "unconverted": [part.model_dump(mode="json") for part in event.unconverted],
            "evidence": list(event.evidence),
        }
        for event in events
    ]
    changed = await bulk_upsert(session, ObservationView, rows, key=_KEY, newer_by="revision")
    return {(Series(row.organization_id, row.venture_id, MetricKind(row.metric)), row.observed_on) for row in changed}


def _observation(row: Any) -> Observation:
    return Observation(row.observed_on, MetricSource(row.source), row.revision, row.value, row.currency, row.withdrawn)


_COLUMNS = (
    ObservationView.organization_id,
    ObservationView.venture_id,
    ObservationView.metric,
    ObservationView.observed_on,
    ObservationView.source,
    ObservationView.revision,
    ObservationView.value,
    ObservationView.currency,
    ObservationView.withdrawn,
)


def asked_series(series: Sequence[Series], **days: Sequence[date]) -> TableValuedAlias:
    """Series (and days beside them) as a table to join with, one array per column."""
    columns: dict[str, tuple[TypeEngine[Any], list[Any]]] = {
        "organization_id": (Uuid(), [one.organization_id for one in series]),
        "venture_id": (Uuid(), [one.venture_id for one in series]),
        "metric": (Text(), [one.metric.value for one in series]),
        **{name: (Date(), list(values)) for name, values in days.items()},
    }
    arrays = [bindparam(None, values, type_=ARRAY(kind), unique=True) for kind, values in columns.values()]
    named = [column(name, kind) for name, (kind, _values) in columns.items()]
    return func.unnest(*arrays).table_valued(*named, name="asked").render_derived()


async def observations_in(
    session: AsyncSession, spans: Collection[Span]
) -> dict[Series, dict[date, list[Observation]]]:
    """Every observation of every source within spans, by series and day."""
    found: dict[Series, dict[date, list[Observation]]] = {}
    if not spans:
        return found
    ordered = list(spans)
    asked = asked_series(
        [span.series for span in ordered],
        first=[span.first for span in ordered],
        last=[span.last for span in ordered],
    )
    statement = select(*_COLUMNS).join_from(
        asked,
        ObservationView,
        (ObservationView.organization_id == asked.c.organization_id)
        & (ObservationView.venture_id == asked.c.venture_id)
        & (ObservationView.metric == asked.c.metric)
        & ObservationView.observed_on.between(asked.c.first, asked.c.last),
    )
    for row in await session.execute(statement):
        series = Series(row.organization_id, row.venture_id, MetricKind(row.metric))
        days = found.setdefault(series, {})
        observation = _observation(row)
        same_day = days.setdefault(observation.observed_on, [])
        if observation not in same_day:  # spans may overlap
            same_day.append(observation)
    return found


async def newest_effective(session: AsyncSession, probes: Iterable[Probe]) -> dict[Probe, Observation]:
    """The newest effective observation for each probe; probes without one are absent."""
    ordered = list(dict.fromkeys(probes))
    if not ordered:
        return {}
    asked = asked_series([probe.series for probe in ordered], on=[probe.on for probe in ordered])
    newest = (
        select(*_COLUMNS)
        .where(
            ObservationView.organization_id == asked.c.organization_id,
            ObservationView.venture_id == asked.c.venture_id,
            ObservationView.metric == asked.c.metric,
            ObservationView.observed_on <= asked.c.on,
            ~ObservationView.withdrawn,
        )
        .order_by(ObservationView.observed_on.desc(), _PRECEDENCE)
        .limit(1)
        .lateral("newest")
    )
    statement = select(newest, asked.c.on.label("asked_on")).select_from(asked).join(newest, true())
    answers: dict[Probe, Observation] = {}
    for row in await session.execute(statement):
        series = Series(row.organization_id, row.venture_id, MetricKind(row.metric))
        answers[Probe(series, row.asked_on)] = _observation(row)
    return answers


async def observed_ventures(session: AsyncSession, organizations: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """The (organization, venture) pairs that have observations."""
    if not organizations:
        return set()
    statement = (
        select(ObservationView.organization_id, ObservationView.venture_id)
        .where(ObservationView.organization_id.in_(organizations))
        .group_by(literal_column("1"), literal_column("2"))
    )
    return {(row.organization_id, row.venture_id) for row in await session.execute(statement)}


async def observations_of_day(session: AsyncSession, series: Series, day: date) -> list[ObservationView]:
    """Every source's observation of one day."""
    statement = select(ObservationView).filter_by(
        organization_id=series.organization_id,
        venture_id=series.venture_id,
        metric=series.metric.value,
        observed_on=day,
    )
    return list(await session.scalars(statement))
