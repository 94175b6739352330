"""Response bodies of comparisons."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.sync.observation.models import ObservationView
from services.sync.variance.models import Variance
from shared.contracts.finance import MetricSource, UnconvertedAmount, direction_of
from shared.contracts.plans import CustomMetricTarget, Direction, MetricName, TargetPath
from shared.contracts.sync import PerformanceStatus, PlanSyncStatus
from shared.kernel.money import Amount, Percent, Ratio
from shared.platform.http.bodies import Answer


class VarianceOut(Answer):
    """The comparison of one observation with its pro-rated target.

    ``metric`` is a kind (mrr, arr, customers, ...) or the key of a custom metric, of which ``name`` and ``unit`` are
    those of the plan version that it is compared with. ``current``: it is the newest-dated observation of its kind.
    Amounts are in ``currency``, growth is a fraction, runway and payback are months.
    """

    venture_id: UUID
    metric: MetricName
    name: str | None
    unit: str | None
    direction: Direction
    observed_on: date
    version: int
    source: MetricSource
    actual: Amount
    target: Amount | None
    final_target: Amount | None
    variance_pct: Percent | None
    progress_pct: Percent | None
    status: PerformanceStatus
    plan_id: UUID | None
    plan_version: int | None
    path: TargetPath | None
    currency: str | None
    current: bool
    plan_sync_status: PlanSyncStatus | None
    computed_at: datetime

    @classmethod
    def of(cls, row: Variance) -> "VarianceOut":
        """From a stored comparison; ``defined_by`` then says what a custom metric is."""
        columns = {name: getattr(row, name) for name in cls.model_fields if name not in _DEFINED}
        return cls.model_validate(columns | {"name": None, "unit": None, "direction": direction_of(row.metric)})

    def defined_by(self, custom: CustomMetricTarget) -> "VarianceOut":
        """The same with what its plan version says of the custom metric."""
        return self.model_copy(update={name: getattr(custom, name) for name in _DEFINED})


_DEFINED = ("name", "unit", "direction")


class BaselineOut(Answer):
    """Where the path to a target starts, and where it ends."""

    value: Amount
    on: date
    target_on: date
    observation_on: date | None = Field(
        description="The day of the observation that gives the baseline; null when the plan states it, or there is none"
    )


class ObservationOut(Answer):
    """One source's observation of the day, with the ids of what it was made of."""

    source: MetricSource
    revision: int
    value: Amount
    currency: str | None
    withdrawn: bool
    effective: bool
    recorded_at: datetime
    policy_version: int | None
    note: str | None
    unconverted: list[UnconvertedAmount]
    evidence: list[str]

    @classmethod
    def of(cls, row: ObservationView, *, effective: bool) -> "ObservationOut":
        """From a stored observation; ``effective``: it is the one that counts."""
        columns: dict[str, Any] = {name: getattr(row, name) for name in cls.model_fields if name != "effective"}
        return cls.model_validate({**columns, "effective": effective})


class RecoveryOut(Answer):
    """What would bring a figure that is worse than planned back on track.

    ``on_track_at`` would have been ON_TRACK on its day (5 % worse than the target), ``change`` leads there from the
    actual. ``per_month`` (an amount) or ``growth`` (a fraction a month) lead to the final target at its date, each
    month from the observation on; null where there is no path, no time left, or nothing above 0 to grow from.
    """

    on_track_at: Amount
    change: Amount
    per_month: Amount | None
    growth: Ratio | None
    says: str


class ExplainedVarianceOut(VarianceOut):
    """A comparison with everything that it rests on.

    ``plan_version_at`` and each observation's ``evidence`` are paths relative to the organization. The evidence of
    a metric opens into the subscriptions behind it and the Stripe events that made them, by their ids.
    """

    formula: str
    variance_formula: str | None
    baseline: BaselineOut | None
    plan_version_at: str | None
    back_on_track: RecoveryOut | None
    observations: list[ObservationOut]
