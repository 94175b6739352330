"""Which plan version an observation is compared with, and what that version promises.

All of it is a function of the set of received versions, so that their order of arrival does not
matter (04-sync, "Pro-rated target" and "Variance and status").
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.contracts.finance import MetricKind, direction_of, is_custom
from shared.contracts.plans import CustomMetricTarget, CustomPathPoint, Direction, PlanTargets, TargetPath
from shared.kernel.money import EXACT
from shared.kernel.periods import month_start

MONTHS_OF_YEAR = 12
PATH_KINDS = frozenset({MetricKind.MRR, MetricKind.ARR, MetricKind.CUSTOMERS})
"""Kinds whose target is reached along a path, as that of every custom metric is; other targets are constant."""


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One whole version of a plan, as far as a comparison needs it. ``saved_on`` is a local day."""

    plan_id: UUID
    version: int
    saved_on: date
    targets: PlanTargets
    financial_change: bool = False
    changed_fields: tuple[str, ...] = ()

    @property
    def effective_from(self) -> date:
        """A changed plan re-compares the month in which it was saved, and later ones."""
        return month_start(self.saved_on)


@dataclass(frozen=True, slots=True)
class BaselineRule:
    """Where a path starts: on which day, and from which value.

    ``value`` is null when the newest effective observation of ``metric`` dated on or before ``on``
    gives it (0 if there is none). The start of ``factor`` x that value: 12 for ARR, else 1.
    """

    metric: str
    on: date
    value: Decimal | None
    factor: int = 1


@dataclass(frozen=True, slots=True)
class Promise:
    """What one plan version promises for one metric. ``final`` is null when it has no such target.

    ``direction`` says which way the metric gets better: of a custom one it is the version's own.
    ``custom`` is the custom path as (month index, amount); a month index is year x 12 + month - 1.
    """

    plan_id: UUID
    plan_version: int
    final: Decimal | None
    target_on: date | None = None
    path: TargetPath | None = None
    custom: tuple[tuple[int, Decimal], ...] = ()
    baseline: BaselineRule | None = None
    direction: Direction = Direction.MORE_IS_BETTER


@dataclass(frozen=True, slots=True)
class Timeline:
    """Which promise holds on which day: the promise of the last start on or before the day."""

    starts: tuple[date, ...] = ()
    promises: tuple[Promise, ...] = ()

    def at(self, day: date) -> Promise | None:
        """The promise that an observation of this day is compared with; none without a plan."""
        if not self.starts:
            return None
        return self.promises[bisect_right(self.starts, day) - 1]

    def differs_from(self, other: "Timeline") -> date | None:
        """The first day on which two timelines promise something else, null if there is none."""
        for day in sorted({*self.starts, *other.starts}):
            if self.at(day) != other.at(day):
                return day
        return None

    @property
    def baselines_by_observation(self) -> tuple[BaselineRule, ...]:
        """The baseline rules whose value an observation gives."""
        rules = (promise.baseline for promise in self.promises)
        return tuple({rule for rule in rules if rule is not None and rule.value is None})


def month_index(day: date) -> int:
    """Months since year 0: year x 12 + month - 1."""
    return day.year * MONTHS_OF_YEAR + day.month - 1


def _index_of(month: str) -> int:
    year, number = month.split("-")
    return int(year) * MONTHS_OF_YEAR + int(number) - 1


def _times(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else EXACT.multiply(value, factor)


def _mrr(targets: PlanTargets) -> Decimal | None:
    if targets.target_mrr is None and targets.target_arr is not None:
        return EXACT.divide(targets.target_arr, MONTHS_OF_YEAR)
    return targets.target_mrr


def _arr(targets: PlanTargets) -> Decimal | None:
    return targets.target_arr if targets.target_arr is not None else _times(targets.target_mrr, MONTHS_OF_YEAR)


def _customers(targets: PlanTargets) -> Decimal | None:
    return None if targets.target_customers is None else Decimal(targets.target_customers)


def _ltv_cac(targets: PlanTargets) -> Decimal | None:
    if targets.expected_ltv_cac is None and targets.expected_ltv is not None and targets.expected_cac:
        return EXACT.divide(targets.expected_ltv, targets.expected_cac)
    return targets.expected_ltv_cac


_FINAL: Mapping[str, Callable[[PlanTargets], Decimal | None]] = {
    MetricKind.MRR: _mrr,
    MetricKind.ARR: _arr,
    MetricKind.CUSTOMERS: _customers,
    MetricKind.CAC: lambda targets: targets.expected_cac,
    MetricKind.LTV: lambda targets: targets.expected_ltv,
    MetricKind.LTV_CAC: _ltv_cac,
    MetricKind.PAYBACK_MONTHS: lambda targets: targets.expected_payback_months,
    MetricKind.BURN_RATE: lambda targets: targets.expected_burn_rate,
    MetricKind.RUNWAY_MONTHS: lambda targets: targets.expected_runway_months,
    MetricKind.GROWTH_RATE: lambda targets: targets.expected_growth_rate,
}


def defined(key: str, targets: PlanTargets) -> CustomMetricTarget | None:
    """A custom metric as a plan version defines it; null when it does not."""
    return next((one for one in targets.custom_metrics if one.key == key), None)


def metrics_of(versions: Iterable[PlanVersion]) -> list[str]:
    """What the versions of a plan may promise: every kind, and the custom metrics that one of them defines."""
    return [*MetricKind, *sorted({one.key for version in versions for one in version.targets.custom_metrics})]


def final_target(metric: str, targets: PlanTargets) -> Decimal | None:
    """The number that a plan finally promises for a metric; null without one.

    ARR given alone implies MRR = ARR / 12 and vice versa; LTV/CAC defaults to the quotient of
    both. A target of 0 is no target (there is nothing to be compared with), and neither is one
    that follows a path but has no date. Cash has no target.
    """
    find = _FINAL.get(metric)
    if find is None:
        own = defined(metric, targets)
        return (own.target or None) if own and _due(own, targets) else None
    final = find(targets)
    if not final or (metric in PATH_KINDS and targets.target_date is None):
        return None
    return final


def _due(own: CustomMetricTarget, targets: PlanTargets) -> date | None:
    return own.target_date or targets.target_date


def _baseline(metric: str, version: PlanVersion, versions: Sequence[PlanVersion], first: PlanVersion) -> BaselineRule:
    """The version's own baseline, else that of the latest earlier version that set one, else the default."""
    factor = MONTHS_OF_YEAR if metric == MetricKind.ARR else 1
    given_by = MetricKind.CUSTOMERS if metric == MetricKind.CUSTOMERS else MetricKind.MRR
    value, on = None, first.saved_on
    for setter in reversed(versions):
        own = setter.targets
        if setter.version <= version.version and not (own.baseline_value is None and own.baseline_date is None):
            if given_by is MetricKind.MRR:
                value, on = own.baseline_value, own.baseline_date or setter.saved_on
            else:
                on = own.baseline_date or on
            break
    return BaselineRule(given_by, on, value, factor)


def _own_baseline(key: str, version: PlanVersion, versions: Sequence[PlanVersion], first: PlanVersion) -> BaselineRule:
    """The same of a custom metric: the plan's baseline date is its own too, the plan's value is one of MRR."""
    for setter in reversed(versions):
        own = defined(key, setter.targets) if setter.version <= version.version else None
        if own is None:
            continue
        on = own.baseline_date or setter.targets.baseline_date
        if on is not None or own.baseline_value is not None:
            return BaselineRule(key, on or setter.saved_on, own.baseline_value)
    return BaselineRule(key, first.saved_on, None)


def _custom(points: Iterable[CustomPathPoint], factor: int = 1) -> tuple[tuple[int, Decimal], ...]:
    return tuple(sorted((_index_of(point.month), EXACT.multiply(point.amount, factor)) for point in points))


def _promise(metric: str, version: PlanVersion, versions: Sequence[PlanVersion], first: PlanVersion) -> Promise:
    """What a version promises, whenever it holds. The custom path is MRR by month, of no meaning for customers."""
    if is_custom(metric):
        return _own_promise(metric, version, versions, first)
    targets, direction = version.targets, direction_of(metric)
    final = final_target(metric, targets)
    if final is None or metric not in PATH_KINDS:
        return Promise(version.plan_id, version.version, final, direction=direction)
    by_month = targets.path is TargetPath.CUSTOM and metric != MetricKind.CUSTOMERS
    return Promise(
        version.plan_id,
        version.version,
        final,
        targets.target_date,
        targets.path,
        _custom(targets.custom_path, MONTHS_OF_YEAR if metric == MetricKind.ARR else 1) if by_month else (),
        _baseline(metric, version, versions, first),
        direction,
    )


def _own_promise(key: str, version: PlanVersion, versions: Sequence[PlanVersion], first: PlanVersion) -> Promise:
    """What a version promises for a custom metric; one that it does not define has no target."""
    targets, own = version.targets, defined(key, version.targets)
    if own is None:
        return Promise(version.plan_id, version.version, None)
    final, path = final_target(key, targets), own.path or targets.path
    if final is None:
        return Promise(version.plan_id, version.version, None, direction=own.direction)
    return Promise(
        version.plan_id,
        version.version,
        final,
        _due(own, targets),
        path,
        _custom(own.custom_path) if path is TargetPath.CUSTOM else (),
        _own_baseline(key, version, versions, first),
        own.direction,
    )


def first_with_target(metric: str, versions: Sequence[PlanVersion]) -> PlanVersion | None:
    """The earliest version that has a target of this metric."""
    having = (version for version in versions if final_target(metric, version.targets) is not None)
    return min(having, key=lambda version: version.version, default=None)


def promise_of(metric: str, number: int, versions: Sequence[PlanVersion]) -> Promise:
    """What one version promises for a metric, whenever it holds. ``number`` is among ``versions``."""
    ordered = sorted(versions, key=lambda version: version.version)
    chosen = next(version for version in ordered if version.version == number)
    return _promise(metric, chosen, ordered, first_with_target(metric, ordered) or ordered[0])


def timeline(metric: str, versions: Sequence[PlanVersion]) -> Timeline:
    """Which promise of a plan's versions holds when, for one metric.

    A version holds from the first day of the local month in which it was saved until a later one
    does; the first version with a target also holds for everything before it (04-sync: a changed
    plan re-compares the open month and later ones, not closed history). Of a custom metric that none of the
    versions defines, nothing is promised.
    """
    if not versions or (is_custom(metric) and not any(defined(metric, version.targets) for version in versions)):
        return Timeline()
    ordered = sorted(versions, key=lambda version: version.version)
    first = first_with_target(metric, ordered) or ordered[0]
    starts: list[date] = []
    promises: list[Promise] = []
    for version in reversed([version for version in ordered if version.version >= first.version]):
        start = date.min if version is first else version.effective_from
        if not starts or start < starts[-1]:
            starts.append(start)
            promises.append(_promise(metric, version, ordered, first))
    return Timeline(tuple(reversed(starts)), tuple(reversed(promises)))
