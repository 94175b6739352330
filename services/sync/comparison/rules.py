"""From facts to the content of comparison rows: which rows a change touches, and what they say."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.sync.observation.rules import Observation, Series
from services.sync.plan_version.rules import BaselineRule, PlanVersion, Promise, timeline
from services.sync.quantities import stored_figure, stored_figure_or_none
from services.sync.variance.rules import Comparison, plan_sync_status
from shared.contracts.finance import MONEY_KINDS, MetricKind, MetricSource, is_custom
from shared.contracts.plans import TargetPath
from shared.contracts.sync import PerformanceStatus, PlanSyncStatus


@dataclass(frozen=True, slots=True)
class Content:
    """All that a comparison row says, as stored: equal contents need no new version."""

    source: MetricSource
    actual: Decimal
    target: Decimal | None
    final_target: Decimal | None
    variance_pct: Decimal | None
    progress_pct: Decimal | None
    status: PerformanceStatus
    plan_id: UUID | None
    plan_version: int | None
    path: TargetPath | None
    baseline: Decimal | None
    baseline_on: date | None
    target_on: date | None
    currency: str | None
    current: bool
    plan_sync_status: PlanSyncStatus | None
    withdrawn: bool

    def no_longer_current(self) -> "Content":
        """The same comparison after a newer-dated one took its place."""
        return replace(self, current=False, plan_sync_status=None)

    def no_longer_observed(self) -> "Content":
        """The last comparison of a day whose observations were all withdrawn."""
        return replace(self, current=False, plan_sync_status=None, withdrawn=True)


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A comparison row as it is stored."""

    version: int
    content: Content


def money_currency(metric: str, observation: Observation, base_currency: str) -> str | None:
    """The currency of a figure: the observation's own, the base currency for money, none for counts and rates."""
    return observation.currency or (base_currency if metric in MONEY_KINDS else None)


def content_of(
    metric: str,
    observation: Observation,
    promise: Promise | None,
    compared: Comparison,
    *,
    current: bool,
    base_currency: str,
) -> Content:
    """A comparison as it is stored: figures half-even to 6 decimals."""
    rule = promise.baseline if promise and promise.final is not None else None
    tells_plan = current and metric == MetricKind.MRR and promise is not None
    return Content(
        observation.source,
        stored_figure(compared.actual),
        stored_figure_or_none(compared.target),
        stored_figure_or_none(compared.final_target),
        stored_figure_or_none(compared.variance),
        stored_figure_or_none(compared.progress),
        compared.status,
        promise.plan_id if promise else None,
        promise.plan_version if promise else None,
        compared.followed,
        stored_figure_or_none(compared.baseline),
        rule.on if rule else None,
        promise.target_on if rule and promise else None,
        money_currency(metric, observation, base_currency),
        current,
        plan_sync_status(compared.variance) if tells_plan else None,
        withdrawn=False,
    )


def baseline_dependents(metric: str) -> tuple[str, ...]:
    """The metrics whose path may start at an observation of this one."""
    if metric == MetricKind.MRR:
        return (MetricKind.MRR, MetricKind.ARR)
    return (metric,) if metric == MetricKind.CUSTOMERS or is_custom(metric) else ()


def may_move_baseline(day: date, rules: Iterable[BaselineRule], newest: Mapping[BaselineRule, date]) -> bool:
    """Whether an observation of ``day`` gives (or gave, before it was withdrawn) one of the baselines.

    ``newest``: the day of the observation that gives each baseline now; absent if none does.
    """
    return any(day <= rule.on and (rule not in newest or day >= newest[rule]) for rule in rules)


def replanned_from(metric: str, versions: Sequence[PlanVersion], new: Collection[tuple[UUID, int]]) -> date | None:
    """The first day whose promise for a metric is another one since the new versions are known; null if none is."""
    before = [version for version in versions if (version.plan_id, version.version) not in new]
    return timeline(metric, versions).differs_from(timeline(metric, before))


def baseline_series(series: Series, rule: BaselineRule) -> Series:
    """The series whose observation gives a baseline."""
    return replace(series, metric=rule.metric)
