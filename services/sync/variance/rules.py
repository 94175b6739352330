"""The comparison itself: pro-rated target, variance, status (04-sync). Pure, and exact to 50 digits."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from services.sync.plan_version.rules import Promise, month_index
from services.sync.quantities import share
from shared.contracts.plans import Direction, TargetPath
from shared.contracts.sync import PerformanceStatus, PlanSyncStatus
from shared.kernel.money import EXACT, quantize
from shared.kernel.periods import months_between

ON_TRACK_FROM, ON_TRACK_TO = Decimal(-5), Decimal(10)
LAGGING_BELOW, EXCEEDING_ABOVE = Decimal(-15), Decimal(20)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class PathTarget:
    """A target with a way to it: from ``baseline`` on ``baseline_on`` to ``final`` on ``target_on``."""

    baseline: Decimal
    baseline_on: date
    final: Decimal
    target_on: date
    path: TargetPath | None = None
    custom: tuple[tuple[int, Decimal], ...] = ()

    @property
    def followed(self) -> TargetPath:
        """The path that is really followed.

        Compound is the default when the baseline is above 0, linear when it is not; compound
        needs both ends above 0, else linear; custom needs at least one given month.
        """
        if self.path is TargetPath.CUSTOM and self.custom:
            return TargetPath.CUSTOM
        if self.path is TargetPath.LINEAR or self.baseline <= 0 or self.final <= 0:
            return TargetPath.LINEAR
        return TargetPath.COMPOUND


def elapsed_months(start: date, day: date) -> Decimal:
    """Months from ``start`` to ``day``: whole ones from the start's own day, then days of the month begun."""
    whole, days, length = months_between(start, day)
    return EXACT.add(Decimal(whole), share(days, length))


@lru_cache(maxsize=8192)
def prorated_target(target: PathTarget, day: date) -> Decimal:
    """The target at a day, unrounded: the baseline before the path begins, the final target after it ends.

    A pure function of few distinct arguments (a venture's target of today is asked with every
    payment of the day), so its results are kept.
    """
    followed = target.followed
    if day > target.target_on or (day == target.target_on and followed is not TargetPath.CUSTOM):
        return target.final
    if day < target.baseline_on or (day == target.baseline_on and followed is not TargetPath.CUSTOM):
        return target.baseline
    if followed is TargetPath.CUSTOM:
        return _custom(target, month_index(day))
    part = EXACT.divide(elapsed_months(target.baseline_on, day), elapsed_months(target.baseline_on, target.target_on))
    if followed is TargetPath.COMPOUND:
        growth = EXACT.power(EXACT.divide(target.final, target.baseline), part)
        return _between(EXACT.multiply(target.baseline, growth), target.baseline, target.final)
    way = EXACT.subtract(target.final, target.baseline)
    return _between(EXACT.add(target.baseline, EXACT.multiply(way, part)), target.baseline, target.final)


def _between(value: Decimal, one: Decimal, other: Decimal) -> Decimal:
    """Held between both ends, which the last digit of a logarithm could pass."""
    return min(max(value, min(one, other)), max(one, other))


def _custom(target: PathTarget, month: int) -> Decimal:
    """The month's amount; between given months (and both ends) linear by month."""
    ends = {month_index(target.baseline_on): target.baseline, month_index(target.target_on): target.final}
    amounts = sorted({**ends, **dict(target.custom)}.items())
    position = bisect_left(amounts, month, key=lambda entry: entry[0])
    after_month, after = amounts[position]
    if after_month == month:
        return after
    before_month, before = amounts[position - 1]
    part = share(month - before_month, after_month - before_month)
    return EXACT.add(before, EXACT.multiply(EXACT.subtract(after, before), part))


def required_growth_rate(target: PathTarget) -> Decimal | None:
    """The constant monthly growth that leads from the baseline to the target, as a fraction.

    (T/b)^(1/M) - 1; null when an end is not above 0 or there is no time left.
    """
    if target.baseline <= 0 or target.final <= 0 or target.target_on <= target.baseline_on:
        return None
    months = elapsed_months(target.baseline_on, target.target_on)
    ratio = EXACT.divide(target.final, target.baseline)
    return EXACT.subtract(EXACT.power(ratio, EXACT.divide(Decimal(1), months)), Decimal(1))


def variance_pct(actual: Decimal, target: Decimal | None) -> Decimal | None:
    """(actual - target) / abs(target) in percent, unrounded; null when there is no target or it is 0."""
    if not target:
        return None
    return EXACT.multiply(EXACT.divide(EXACT.subtract(actual, target), abs(target)), _HUNDRED)


def _better(variance: Decimal, direction: Direction) -> Decimal:
    return -variance if direction is Direction.LESS_IS_BETTER else variance


def performance_status(variance: Decimal | None, direction: Direction) -> PerformanceStatus:
    """The band of an unrounded variance; the bands of metrics that are better when there is less of them mirror."""
    if variance is None:
        return PerformanceStatus.PLANNED
    better = _better(variance, direction)
    if better < LAGGING_BELOW:
        return PerformanceStatus.LAGGING
    if better > EXCEEDING_ABOVE:
        return PerformanceStatus.EXCEEDING
    if ON_TRACK_FROM <= better <= ON_TRACK_TO:
        return PerformanceStatus.ON_TRACK
    return PerformanceStatus.MONITOR


def plan_sync_status(variance: Decimal | None) -> PlanSyncStatus:
    """What the current MRR comparison tells the plan."""
    if variance is not None and variance < ON_TRACK_FROM:
        return PlanSyncStatus.ACTUAL_BELOW_TARGET
    if variance is not None and variance > ON_TRACK_TO:
        return PlanSyncStatus.ACTUAL_ABOVE_TARGET
    return PlanSyncStatus.IN_SYNC


@dataclass(frozen=True, slots=True)
class Comparison:
    """One actual against its target. Everything is unrounded, so that decisions may rest on it."""

    actual: Decimal
    status: PerformanceStatus
    target: Decimal | None = None
    final_target: Decimal | None = None
    variance: Decimal | None = None
    progress: Decimal | None = None
    followed: TargetPath | None = None
    baseline: Decimal | None = None


def compare(day: date, actual: Decimal, promise: Promise | None, observed_baseline: Decimal | None) -> Comparison:
    """Compare an actual with what the plan promises for its day.

    Args:
        day: The local day of the observation.
        actual: Its effective value.
        promise: The promise that holds on the day; none without a plan.
        observed_baseline: Value of the observation that gives the baseline, if the promise asks for
            one and there is one (else the path starts at 0).
    """
    final = promise.final if promise else None
    if promise is None or final is None:
        return Comparison(actual, PerformanceStatus.PLANNED)
    target, followed, baseline = final, None, None
    if promise.baseline is not None and promise.target_on is not None:
        rule = promise.baseline
        value = rule.value if rule.value is not None else (observed_baseline or Decimal(0))
        baseline = EXACT.multiply(value, rule.factor)
        way = PathTarget(baseline, rule.on, final, promise.target_on, promise.path, promise.custom)
        target, followed = prorated_target(way, day), way.followed
    variance = variance_pct(actual, target)
    progress = EXACT.multiply(EXACT.divide(actual, final), _HUNDRED) if followed is not None else None
    status = performance_status(variance, promise.direction)
    return Comparison(actual, status, target, final, variance, progress, followed, baseline)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What would bring a figure that is worse than planned back on track. Unrounded.

    ``on_track_at``: the value that would have been ON_TRACK on its day, ``change`` what the actual lacks to it.
    ``per_month`` and ``growth`` (a fraction) lead from the actual to the final target at its date: the constant
    amount, or the constant growth, of each month from the observation on; null without a path or time left.
    """

    on_track_at: Decimal
    change: Decimal
    per_month: Decimal | None
    growth: Decimal | None


def back_on_track(
    direction: Direction, day: date, compared: tuple[Decimal, Decimal | None, Decimal | None], target_on: date | None
) -> Recovery | None:
    """What would put a comparison (actual, target, final target) back on track; null when it is not worse than that."""
    actual, target, final = compared
    variance = variance_pct(actual, target)
    if target is None or variance is None or _better(variance, direction) >= ON_TRACK_FROM:
        return None
    worse = EXACT.divide(EXACT.multiply(abs(target), ON_TRACK_FROM), _HUNDRED)
    edge = EXACT.subtract(target, worse) if direction is Direction.LESS_IS_BETTER else EXACT.add(target, worse)
    per_month, growth = None, None
    if final is not None and target_on is not None and target_on > day:
        months = elapsed_months(day, target_on)
        per_month = EXACT.divide(EXACT.subtract(final, actual), months)
        growth = required_growth_rate(PathTarget(actual, day, final, target_on))
    return Recovery(edge, EXACT.subtract(edge, actual), per_month, growth)


def formula(way: PathTarget, day: date) -> str:
    """How the pro-rated target of a day comes about, for a person: figures to 2, months to 4 decimals."""
    target = f"{quantize(prorated_target(way, day), 2):f}"
    if day < way.baseline_on:
        return f"{target}: the path begins on {way.baseline_on}, before it the target is the baseline"
    if day > way.target_on:
        return f"{target}: the path ended on {way.target_on}, after it the target is the final one"
    start, final = f"{quantize(way.baseline, 2):f}", f"{quantize(way.final, 2):f}"
    if way.followed is TargetPath.CUSTOM:
        return (
            f"{target}: amount of {day:%Y-%m} on the custom path from {start} to {final}, linear between given months"
        )
    gone = quantize(elapsed_months(way.baseline_on, day), 4).normalize()
    months = quantize(elapsed_months(way.baseline_on, way.target_on), 4).normalize()
    part = f"{gone:f} / {months:f}"
    if way.followed is TargetPath.COMPOUND:
        return f"{start} x ({final} / {start}) ^ ({part}) = {target}"
    return f"{start} + ({final} - {start}) x {part} = {target}"
