"""Explaining a comparison."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.comparison.rules import baseline_series
from services.sync.comparison.store import stand_unlocked
from services.sync.hot import read
from services.sync.observation.models import ObservationView
from services.sync.observation.rules import Series
from services.sync.observation.store import Probe, newest_effective, observations_of_day
from services.sync.plan_version.rules import Promise
from services.sync.variance.models import Variance
from services.sync.variance.rules import PathTarget, Recovery, back_on_track, formula
from services.sync.variance.store import comparison_of
from shared.contracts.finance import is_custom
from shared.contracts.plans import CustomMetricTarget, Direction
from shared.kernel.errors import NotFound
from shared.kernel.money import quantize

NO_PLAN = "There is no plan to compare with."


@dataclass(frozen=True, slots=True)
class Explanation:
    """A comparison, the text of its formulas, and the observations that it rests on."""

    row: Variance
    definition: CustomMetricTarget | None
    formula: str
    variance_formula: str | None
    baseline_observed_on: date | None
    recovery: tuple[Recovery, str] | None
    observations: list[ObservationView]


async def explain_variance(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, metric: str, day: date
) -> Explanation:
    """Say how a comparison comes about: path, plan version, baseline and evidence."""
    series = Series(organization_id, venture_id, metric)
    row = await comparison_of(session, series, day)
    if row is None:
        raise NotFound("There is no comparison of this kind on this day.")
    ground = await stand_unlocked(session, [(organization_id, venture_id)])
    promise = ground.timeline(series).at(day)
    baseline_on = await _baseline_observed_on(session, series, promise)
    observations = await observations_of_day(session, series, day)
    return Explanation(
        row,
        ground.definition(series, row.plan_version),
        _formula(row, promise),
        _variance_formula(row),
        baseline_on,
        _recovery(row, promise),
        observations,
    )


async def definitions(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, rows: Iterable[tuple[str, int | None]]
) -> dict[tuple[str, int | None], CustomMetricTarget]:
    """What plan versions say of custom metrics, by metric and version; kinds, and what is not defined, are absent."""
    wanted = {(metric, version) for metric, version in rows if is_custom(metric)}
    if not wanted:
        return {}
    ground = await stand_unlocked(session, [(organization_id, venture_id)])
    found = {
        (metric, version): ground.definition(Series(organization_id, venture_id, metric), version)
        for metric, version in wanted
    }
    return {one: definition for one, definition in found.items() if definition is not None}


async def _baseline_observed_on(session: AsyncSession, series: Series, promise: Promise | None) -> date | None:
    rule = promise.baseline if promise else None
    if rule is None or rule.value is not None:
        return None
    probe = Probe(baseline_series(series, rule), rule.on)
    (newest,) = await read(session, newest_effective([probe]))
    found = newest.get(probe)
    return found.observed_on if found else None


def _formula(row: Variance, promise: Promise | None) -> str:
    if promise is None:
        return "The venture's plan promises nothing of it." if is_custom(row.metric) else NO_PLAN
    if row.final_target is None:
        return f"Plan v{promise.plan_version} has no target of this kind."
    if row.baseline is None or row.baseline_on is None or row.target_on is None:
        return f"{quantize(row.final_target, 2):f}: constant in plan v{promise.plan_version}"
    way = PathTarget(row.baseline, row.baseline_on, row.final_target, row.target_on, promise.path, promise.custom)
    return formula(way, row.observed_on)


def _recovery(row: Variance, promise: Promise | None) -> tuple[Recovery, str] | None:
    direction = promise.direction if promise else Direction.MORE_IS_BETTER
    found = back_on_track(direction, row.observed_on, (row.actual, row.target, row.final_target), row.target_on)
    if found is None:
        return None
    said = f"At {_text(found.on_track_at)} ({_signed(found.change)}) it would have been on track."
    if found.per_month is None or row.final_target is None:
        return found, said
    said += f" {_signed(found.per_month)} each month"
    if found.growth is not None:
        said += f", or growth of {_text(found.growth * 100)} % a month,"
    return found, f"{said} leads to {_text(row.final_target)} on {row.target_on}."


def _variance_formula(row: Variance) -> str | None:
    if row.variance_pct is None or row.target is None:
        return None
    actual, target = _text(row.actual), _text(row.target)
    return f"({actual} - {target}) / |{target}| x 100 = {_text(row.variance_pct)} %"


def _signed(value: Decimal) -> str:
    return f"{quantize(value, 2):+f}"


def _text(value: Decimal) -> str:
    return f"{quantize(value, 2):f}"
