"""The one way from changed facts to comparison rows: read, compare, write what differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.comparison.rules import (
    Content,
    StoredContent,
    baseline_dependents,
    baseline_series,
    content_of,
    may_move_baseline,
)
from services.sync.comparison.store import Ground
from services.sync.hot import read
from services.sync.observation.rules import Observation, Series, effective
from services.sync.observation.store import Probe, Span, newest_effective, observations_in
from services.sync.plan_version.rules import BaselineRule, Promise
from services.sync.variance.rules import Comparison, compare
from services.sync.variance.store import VarianceKey, stored_comparisons, write_comparisons
from services.sync.venture.store import VentureKey
from shared.contracts.finance import is_custom
from shared.contracts.sync import CustomVarianceComputed, MetricComparison, VarianceComputed
from shared.kernel.clock import now

Day = tuple[Series, date]
Causes = Mapping[VentureKey, str | None]
"""Which trace each venture's changes continue: (organization, venture) -> traceparent."""


@dataclass(slots=True)
class Touched:
    """What a batch changed: single days, spans of days, and series to look at again."""

    days: set[Day] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)
    series: set[Series] = field(default_factory=set)

    def all_series(self) -> set[Series]:
        """Every series that is touched, with those whose path may start at one of its observations."""
        found = self.series | {series for series, _day in self.days} | {span.series for span in self.spans}
        return found | {dependent for series, _day in self.days for dependent in dependents_of(series)}


@dataclass(frozen=True, slots=True)
class Fresh:
    """The newest-dated comparison of a series, unrounded."""

    observed_on: date
    comparison: Comparison
    promise: Promise | None
    currency: str


@dataclass(slots=True)
class Outcome:
    """What comparing found: the newest comparison of each touched series (null: none), and what to tell."""

    newest: dict[Series, Fresh | None] = field(default_factory=dict)
    events: list[MetricComparison] = field(default_factory=list)


def dependents_of(series: Series) -> set[Series]:
    """The series whose path may start at an observation of this one."""
    return {Series(series.organization_id, series.venture_id, metric) for metric in baseline_dependents(series.metric)}


def everything(series: Series) -> Span:
    """All days of a series."""
    return Span(series, date.min, date.max)


@dataclass(slots=True)
class _Facts:
    """What is known of the touched series."""

    starts: dict[Probe, Observation]
    observed: dict[Series, dict[date, list[Observation]]]
    stored: dict[VarianceKey, StoredContent]

    def newest_day(self, series: Series) -> date | None:
        """The day of the newest observation that holds, which is among those read of every series."""
        observed = self.observed.get(series, {})
        return max((day for day, same_day in observed.items() if effective(same_day)), default=None)

    def baseline(self, series: Series, rule: BaselineRule | None) -> Observation | None:
        if rule is None or rule.value is not None:
            return None
        return self.starts.get(Probe(baseline_series(series, rule), rule.on))


async def compare_touched(session: AsyncSession, ground: Ground, touched: Touched, causes: Causes) -> Outcome:
    """Bring the comparison rows of everything touched up to date; gives the events of those that changed.

    A normal new observation touches its own row, and the row that it takes the place of; the cost
    does not grow with history. Only an observation that gives a baseline, or a changed plan, reaches
    further.
    """
    series = {one for one in touched.all_series() if (one.organization_id, one.venture_id) in ground.ventures}
    days = {day for day in touched.days if day[0] in series}
    if not series:
        return Outcome()
    facts = await _read(session, ground, series, days, [span for span in touched.spans if span.series in series])
    await _widen(session, ground, facts, days)
    changed, outcome = _compare(ground, series, facts)
    await write_comparisons(session, changed, now())
    outcome.events = _events(ground, changed, causes)
    return outcome


async def _read(
    session: AsyncSession, ground: Ground, series: set[Series], days: set[Day], spans: Sequence[Span]
) -> _Facts:
    probes = {
        Probe(baseline_series(one, rule), rule.on)
        for one in series
        for rule in ground.timeline(one).baselines_by_observation
    }
    wanted = [*spans, *(Span(one, day, day) for one, day in days)]
    found = await read(
        session, newest_effective(probes), observations_in(wanted, series), stored_comparisons(wanted, series)
    )
    return _Facts(*found)


async def _widen(session: AsyncSession, ground: Ground, facts: _Facts, days: set[Day]) -> None:
    """Read all days of the series whose baseline a changed observation moved."""
    moved: set[Series] = set()
    for one, day in days:
        found = effective(facts.observed.get(one, {}).get(day, ()))
        known = facts.stored.get((one, day))
        before = known.content.actual if known and not known.content.withdrawn else None
        if before == (found.value if found else None):
            continue
        for dependent in dependents_of(one) - moved:
            rules = ground.timeline(dependent).baselines_by_observation
            given = {rule: start.observed_on for rule in rules if (start := facts.baseline(dependent, rule))}
            if may_move_baseline(day, rules, given):
                moved.add(dependent)
    if moved:
        spans = [everything(one) for one in moved]
        observed, stored = await read(session, observations_in(spans), stored_comparisons(spans, ()))
        facts.observed.update(observed)
        facts.stored.update(stored)


def _compare(
    ground: Ground, series: Iterable[Series], facts: _Facts
) -> tuple[dict[VarianceKey, StoredContent], Outcome]:
    changed: dict[VarianceKey, StoredContent] = {}
    outcome = Outcome()

    def put(key: VarianceKey, content: Content | None) -> None:
        known = facts.stored.get(key)
        if content is not None and (known is None or known.content != content):
            changed[key] = StoredContent(known.version + 1 if known else 1, content)

    for one in series:
        newest = facts.newest_day(one)
        outcome.newest[one] = None
        observed = facts.observed.get(one, {})
        for day, same_day in observed.items():
            found = effective(same_day)
            if found is None:
                known = facts.stored.get((one, day))
                put((one, day), known.content.no_longer_observed() if known else None)
                continue
            content, fresh = _compared(ground, one, found, facts, current=day == newest)
            put((one, day), content)
            if day == newest:
                outcome.newest[one] = fresh
    compared = {(one, day) for one, days in facts.observed.items() for day in days}
    for key, known in facts.stored.items():
        if known.content.current and key not in compared:
            put(key, known.content.no_longer_current())
    return changed, outcome


def _compared(
    ground: Ground, series: Series, observation: Observation, facts: _Facts, *, current: bool
) -> tuple[Content, Fresh]:
    promise = ground.timeline(series).at(observation.observed_on)
    start = facts.baseline(series, promise.baseline if promise else None)
    comparison = compare(observation.observed_on, observation.value, promise, start.value if start else None)
    base_currency = ground.currency(series.organization_id)
    content = content_of(series.metric, observation, promise, comparison, current=current, base_currency=base_currency)
    return content, Fresh(observation.observed_on, comparison, promise, content.currency or base_currency)


def _events(ground: Ground, changed: Mapping[VarianceKey, StoredContent], causes: Causes) -> list[MetricComparison]:
    computed_at = now()
    events = []
    for key in sorted(changed, key=lambda key: (key[1], key[0].metric, key[0].venture_id)):
        event = _event(ground, key, changed[key], computed_at)
        events.append(event.caused(causes.get((event.organization_id, event.venture_id))))
    return events


def _event(ground: Ground, key: VarianceKey, stored: StoredContent, computed_at: datetime) -> MetricComparison:
    """What tells of a comparison row: of a custom metric an event of its own, which says what is measured."""
    series, day = key
    content = stored.content
    said: dict[str, Any] = {
        "organization_id": series.organization_id,
        "venture_id": series.venture_id,
        "metric": series.metric,
        "observed_on": day,
        "version": stored.version,
        "source": content.source,
        "actual": content.actual,
        "target": content.target,
        "final_target": content.final_target,
        "variance_pct": content.variance_pct,
        "progress_pct": content.progress_pct,
        "status": content.status,
        "plan_id": content.plan_id,
        "plan_version": content.plan_version,
        "path": content.path,
        "currency": content.currency,
        "current": content.current,
        "withdrawn": content.withdrawn,
        "computed_at": computed_at,
    }
    if not is_custom(series.metric):
        return VarianceComputed(**said, plan_sync_status=content.plan_sync_status)
    own = ground.definition(series, content.plan_version)
    if own is None:
        return CustomVarianceComputed(**said)
    return CustomVarianceComputed(**said, name=own.name, unit=own.unit, direction=own.direction)


def series_of(venture: VentureKey, metrics: Iterable[str]) -> set[Series]:
    """The series of some metrics of one venture."""
    organization_id, venture_id = venture
    return {Series(organization_id, venture_id, metric) for metric in metrics}
