"""Which plan version an observation is compared with, and what that version promises.

All of it is a function of the set of received versions, so that their order of arrival does not
matter (04-sync, "Pro-rated target" and "Variance and status").
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.contracts.finance import MetricKind
from shared.contracts.plans import PlanTargets, TargetPath
from shared.kernel.money import EXACT
from shared.kernel.periods import month_start

MONTHS_OF_YEAR = 12
PATH_KINDS = frozenset({MetricKind.MRR, MetricKind.ARR, MetricKind.CUSTOMERS})
"""Kinds whose target is reached along a path; every other target is constant."""


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

    metric: MetricKind
    on: date
    value: Decimal | None
    factor: int = 1


@dataclass(frozen=True, slots=True)
class Promise:
    """What one plan version promises for one kind. ``final`` is null when it has no such target.

    ``custom`` is the custom path as (month index, amount); a month index is year x 12 + month - 1.
    """

    plan_id: UUID
    plan_version: int
    final: Decimal | None
    target_on: date | None = None
    path: TargetPath | None = None
    custom: tuple[tuple[int, Decimal], ...] = ()
    baseline: BaselineRule | None = None


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


_FINAL: dict[MetricKind, Callable[[PlanTargets], Decimal | None]] = {
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


def final_target(kind: MetricKind, targets: PlanTargets) -> Decimal | None:
    """The number that a plan finally promises for a kind; null without one.

    ARR given alone implies MRR = ARR / 12 and vice versa; LTV/CAC defaults to the quotient of
    both. A target of 0 is no target (there is nothing to be compared with), and neither is one
    that follows a path but has no date. Cash has no target.
    """
    find = _FINAL.get(kind)
    final = find(targets) if find else None
    if not final or (kind in PATH_KINDS and targets.target_date is None):
        return None
    return final


def _baseline(
    kind: MetricKind, version: PlanVersion, versions: Sequence[PlanVersion], first: PlanVersion
) -> BaselineRule:
    """The version's own baseline, else that of the latest earlier version that set one, else the default."""
    factor = MONTHS_OF_YEAR if kind is MetricKind.ARR else 1
    metric = MetricKind.CUSTOMERS if kind is MetricKind.CUSTOMERS else MetricKind.MRR
    value, on = None, first.saved_on
    for setter in reversed(versions):
        own = setter.targets
        if setter.version <= version.version and not (own.baseline_value is None and own.baseline_date is None):
            if metric is MetricKind.MRR:
                value, on = own.baseline_value, own.baseline_date or setter.saved_on
            else:
                on = own.baseline_date or on
            break
    return BaselineRule(metric, on, value, factor)


def _custom(kind: MetricKind, targets: PlanTargets) -> tuple[tuple[int, Decimal], ...]:
    """The custom path is MRR by month: x 12 for ARR, and of no meaning for customers."""
    if targets.path is not TargetPath.CUSTOM or kind is MetricKind.CUSTOMERS:
        return ()
    factor = MONTHS_OF_YEAR if kind is MetricKind.ARR else 1
    return tuple(
        sorted((_index_of(point.month), EXACT.multiply(point.amount, factor)) for point in targets.custom_path)
    )


def _promise(kind: MetricKind, version: PlanVersion, versions: Sequence[PlanVersion], first: PlanVersion) -> Promise:
    """What a version promises, whenever it holds."""
    targets = version.targets
    final = final_target(kind, targets)
    if final is None or kind not in PATH_KINDS:
        return Promise(version.plan_id, version.version, final)
    return Promise(
        version.plan_id,
        version.version,
        final,
        targets.target_date,
        targets.path,
        _custom(kind, targets),
        _baseline(kind, version, versions, first),
    )


def first_with_target(kind: MetricKind, versions: Sequence[PlanVersion]) -> PlanVersion | None:
    """The earliest version that has a target of this kind."""
    having = (version for version in versions if final_target(kind, version.targets) is not None)
    return min(having, key=lambda version: version.version, default=None)


def promise_of(kind: MetricKind, number: int, versions: Sequence[PlanVersion]) -> Promise:
    """What one version promises for a kind, whenever it holds. ``number`` is among ``versions``."""
    ordered = sorted(versions, key=lambda version: version.version)
    chosen = next(version for version in ordered if version.version == number)
    return _promise(kind, chosen, ordered, first_with_target(kind, ordered) or ordered[0])


def timeline(kind: MetricKind, versions: Sequence[PlanVersion]) -> Timeline:
    """Which promise of a plan's versions holds when, for one kind of observation.

    A version holds from the first day of the local month in which it was saved until a later one
    does; the first version with a target also holds for everything before it (04-sync: a changed
    plan re-compares the open month and later ones, not closed history).
    """
    if not versions:
        return Timeline()
    ordered = sorted(versions, key=lambda version: version.version)
    first = first_with_target(kind, ordered) or ordered[0]
    starts: list[date] = []
    promises: list[Promise] = []
    for version in reversed([version for version in ordered if version.version >= first.version]):
        start = date.min if version is first else version.effective_from
        if not starts or start < starts[-1]:
            starts.append(start)
            promises.append(_promise(kind, version, ordered, first))
    return Timeline(tuple(reversed(starts)), tuple(reversed(promises)))
