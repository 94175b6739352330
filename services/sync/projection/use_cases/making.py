"""Making a forecast from a plan version and the observations that it starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.comparison.store import Ground
from services.sync.hot import read
from services.sync.observation.rules import Observation, Series
from services.sync.observation.store import Probe, newest_effective
from services.sync.plan_version.rules import Promise, promise_of
from services.sync.projection.rules import Assumptions, Forecast, assumptions_of, forecast
from services.sync.variance.rules import PathTarget
from services.sync.venture.store import VentureKey
from shared.contracts.finance import MetricKind

INPUTS = (MetricKind.MRR, MetricKind.CASH, MetricKind.BURN_RATE)
"""Kinds whose newest observation at the start a projection rests on."""

Observed = Mapping[Probe, Observation]


@dataclass(frozen=True, slots=True)
class Made:
    """A forecast, what it rests on, and the promise that it comes from; for a scenario also what it changes."""

    promise: Promise
    forecast: Forecast
    assumptions: Assumptions
    name: str | None = None
    adjustment: Mapping[str, Any] | None = None


def baseline_promise(ground: Ground, venture: VentureKey) -> Promise | None:
    """What the first version with an MRR target promises; null while there is none."""
    promises = ground.timeline(Series(*venture, MetricKind.MRR)).promises
    return promises[0] if promises and promises[0].final is not None else None


def bears_on_baseline(ground: Ground, observed: Series, day: date) -> bool:
    """Whether an observation may be an input of the venture's baseline projection."""
    if observed.metric not in INPUTS:
        return False
    promise = baseline_promise(ground, (observed.organization_id, observed.venture_id))
    return promise is not None and promise.baseline is not None and day <= promise.baseline.on


async def baseline_inputs(session: AsyncSession, ground: Ground, ventures: Sequence[VentureKey]) -> Observed:
    """What the baseline projections of ventures start from."""
    probes: list[Probe] = []
    for venture in ventures:
        promise = baseline_promise(ground, venture)
        if promise is not None and promise.baseline is not None:
            probes += _inputs_up_to(venture, promise.baseline.on)
    return (await read(session, newest_effective(probes)))[0]


def baseline_projection(ground: Ground, venture: VentureKey, observed: Observed) -> Made | None:
    """The forecast of the first version with an MRR target, from its own start; null when it gives none."""
    promise = baseline_promise(ground, venture)
    if promise is None or promise.baseline is None:
        return None
    rule = promise.baseline
    revenue = rule.value if rule.value is not None else _value(observed, venture, MetricKind.MRR, rule.on)
    return _made(_starting(ground, venture, promise, _way(promise, rule.on, revenue or Decimal(0)), observed))


@dataclass(frozen=True, slots=True)
class Start:
    """Where a projection of a plan version starts: its way from the last actual, cash then, and assumptions."""

    promise: Promise
    way: PathTarget
    cash: Decimal | None
    assumptions: Assumptions


async def starting_point(session: AsyncSession, ground: Ground, venture: VentureKey, plan_version: int) -> Start | None:
    """Start a plan version at the newest MRR; at the path's own start while there is none.

    Null when the version has no MRR target with a date.
    """
    promise = promise_of(MetricKind.MRR, plan_version, ground.versions[venture])
    if promise.final is None or promise.baseline is None:
        return None
    probe = Probe(Series(*venture, MetricKind.MRR), date.max)
    (newest,) = await read(session, newest_effective([probe]))
    last = newest.get(probe)
    rule = promise.baseline
    start, revenue = (last.observed_on, last.value) if last else (rule.on, rule.value or Decimal(0))
    (observed,) = await read(session, newest_effective(_inputs_up_to(venture, start)))
    return _starting(ground, venture, promise, _way(promise, start, revenue), observed)


async def projected_from_last_actual(
    session: AsyncSession, ground: Ground, venture: VentureKey, plan_version: int
) -> Made | None:
    """A forecast of a plan version from the newest MRR; null when it gives none."""
    start = await starting_point(session, ground, venture, plan_version)
    return _made(start) if start else None


def _inputs_up_to(venture: VentureKey, day: date) -> list[Probe]:
    return [Probe(Series(*venture, metric), day) for metric in INPUTS]


def _value(observed: Observed, venture: VentureKey, metric: MetricKind, on: date) -> Decimal | None:
    found = observed.get(Probe(Series(*venture, metric), on))
    return found.value if found else None


def _way(promise: Promise, start: date, revenue: Decimal) -> PathTarget:
    assert promise.final is not None
    assert promise.target_on is not None
    return PathTarget(revenue, start, promise.final, promise.target_on, promise.path, promise.custom)


def _starting(ground: Ground, venture: VentureKey, promise: Promise, way: PathTarget, observed: Observed) -> Start:
    version = next(one for one in ground.versions[venture] if one.version == promise.plan_version)
    assumed = assumptions_of(version, _value(observed, venture, MetricKind.BURN_RATE, way.baseline_on))
    return Start(promise, way, _value(observed, venture, MetricKind.CASH, way.baseline_on), assumed)


def _made(start: Start) -> Made | None:
    made = forecast(start.way, start.cash, start.assumptions)
    return None if made is None else Made(start.promise, made, start.assumptions)
