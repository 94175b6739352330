"""SQL of observations: keep what came, read what a comparison needs."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.hot import Reading, Rows
from services.sync.observation.models import ObservationView
from services.sync.observation.rules import Observation, Series
from shared.contracts.finance import MetricObservation, MetricSource
from shared.platform.db.bulk import upserting

_KEY = ("organization_id", "venture_id", "metric", "observed_on", "source")

PRECEDENCE = [source.value for source in sorted(MetricSource, key=lambda source: source.precedence)]
"""Sources, the one that counts most first."""

Observed = dict[Series, dict[date, list[Observation]]]


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


def storing_observations(events: Sequence[MetricObservation]) -> Reading[set[tuple[Series, date]]]:
    """Keep the highest revision of each observation (at least one); gives the days of series that changed."""
    rows = [
        {
            "organization_id": event.organization_id,
            "venture_id": event.venture_id,
            "metric": str(event.metric),
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
    upsert = upserting(ObservationView, rows, key=_KEY, newer_by="revision")
    return Reading(upsert.query, upsert.parameters, lambda changed: {(_series(row), row[3]) for row in changed})


def series_columns(series: Iterable[Series]) -> tuple[list[UUID], list[UUID], list[str]]:
    """Series as one array per column, for ``unnest``."""
    ordered = list(series)
    return (
        [one.organization_id for one in ordered],
        [one.venture_id for one in ordered],
        [str(one.metric) for one in ordered],
    )


def _series(row: tuple[Any, ...]) -> Series:
    return Series(row[0], row[1], row[2])


def _observation(row: tuple[Any, ...]) -> Observation:
    observed_on, source, revision, value, currency, withdrawn = row[3:9]
    return Observation(observed_on, MetricSource(source), revision, value, currency, withdrawn)


def observations_in(spans: Collection[Span], newest_of: Collection[Series] = ()) -> Reading[Observed]:
    """Every observation of every source within spans and of the newest effective day of series, by series and day."""

    def load(rows: Rows) -> Observed:
        found: Observed = {}
        for row in rows:
            observation = _observation(row)
            same_day = found.setdefault(_series(row), {}).setdefault(observation.observed_on, [])
            if observation not in same_day:  # spans may overlap
                same_day.append(observation)
        return found

    return Reading(
        """
        SELECT o.organization_id, o.venture_id, o.metric, o.observed_on, o.source, o.revision, o.value, o.currency,
               o.withdrawn
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[], %s::date[])
               AS asked (organization_id, venture_id, metric, first, last)
        JOIN observations o ON o.organization_id = asked.organization_id AND o.venture_id = asked.venture_id
               AND o.metric = asked.metric AND o.observed_on BETWEEN asked.first AND asked.last
        UNION ALL
        SELECT o.organization_id, o.venture_id, o.metric, o.observed_on, o.source, o.revision, o.value, o.currency,
               o.withdrawn
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS asked (organization_id, venture_id, metric)
        CROSS JOIN LATERAL (
            SELECT n.observed_on FROM observations n
            WHERE n.organization_id = asked.organization_id AND n.venture_id = asked.venture_id
              AND n.metric = asked.metric AND NOT n.withdrawn
            ORDER BY n.observed_on DESC LIMIT 1
        ) newest
        JOIN observations o ON o.organization_id = asked.organization_id AND o.venture_id = asked.venture_id
               AND o.metric = asked.metric AND o.observed_on = newest.observed_on
        """,
        (
            *series_columns(span.series for span in spans),
            [span.first for span in spans],
            [span.last for span in spans],
            *series_columns(newest_of),
        ),
        load,
    )


def newest_effective(probes: Collection[Probe]) -> Reading[dict[Probe, Observation]]:
    """The newest effective observation for each probe; probes without one are absent."""
    return Reading(
        """
        SELECT newest.*, asked.on_or_before
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[])
               AS asked (organization_id, venture_id, metric, on_or_before)
        CROSS JOIN LATERAL (
            SELECT o.organization_id, o.venture_id, o.metric, o.observed_on, o.source, o.revision, o.value,
                   o.currency, o.withdrawn
            FROM observations o
            WHERE o.organization_id = asked.organization_id AND o.venture_id = asked.venture_id
              AND o.metric = asked.metric AND o.observed_on <= asked.on_or_before AND NOT o.withdrawn
            ORDER BY o.observed_on DESC, array_position(%s::text[], o.source)
            LIMIT 1
        ) newest
        """,
        (
            *series_columns(probe.series for probe in probes),
            [probe.on for probe in probes],
            PRECEDENCE,
        ),
        lambda rows: {Probe(_series(row), row[9]): _observation(row) for row in rows},
    )


async def observed_series(session: AsyncSession, organizations: Collection[UUID]) -> set[Series]:
    """The series of some organizations that have observations."""
    statement = (
        select(ObservationView.organization_id, ObservationView.venture_id, ObservationView.metric)
        .where(ObservationView.organization_id.in_(organizations))
        .group_by(literal_column("1"), literal_column("2"), literal_column("3"))
    )
    return {Series(*row) for row in await session.execute(statement)}


async def observations_of_day(session: AsyncSession, series: Series, day: date) -> list[ObservationView]:
    """Every source's observation of one day."""
    statement = select(ObservationView).filter_by(
        organization_id=series.organization_id,
        venture_id=series.venture_id,
        metric=str(series.metric),
        observed_on=day,
    )
    return list(await session.scalars(statement))
