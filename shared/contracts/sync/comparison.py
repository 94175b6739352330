"""How actuals stand against targets."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind
from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.plans import Direction, MetricName, TargetPath
from shared.kernel.money import Amount, CurrencyCode, Percent


class PerformanceStatus(StrEnum):
    """How an actual stands against its target."""

    ON_TRACK = "ON_TRACK"
    LAGGING = "LAGGING"
    EXCEEDING = "EXCEEDING"
    MONITOR = "MONITOR"
    PLANNED = "PLANNED"
    NO_DATA = "NO_DATA"


class PlanSyncStatus(StrEnum):
    """What sync tells a plan about its MRR."""

    IN_SYNC = "IN_SYNC"
    ACTUAL_BELOW_TARGET = "ACTUAL_BELOW_TARGET"
    ACTUAL_ABOVE_TARGET = "ACTUAL_ABOVE_TARGET"


class MetricComparison(
    Event,
    kind=Kind.SNAPSHOT,
    key=("venture_id", "metric", "observed_on"),
    sequence="version",
):
    """What every comparison says, be it of a kind or of a metric that the organization defines."""

    venture_id: UUID
    metric: MetricName
    observed_on: date
    version: int = Field(ge=1)
    source: MetricSource
    actual: Amount
    target: Amount | None = None
    final_target: Amount | None = None
    variance_pct: Percent | None = None
    progress_pct: Percent | None = None
    status: PerformanceStatus
    plan_id: UUID | None = None
    plan_version: int | None = None
    path: TargetPath | None = None
    currency: CurrencyCode | None = None
    current: bool
    withdrawn: bool = False
    computed_at: datetime


class VarianceComputed(MetricComparison, type="variance.computed"):
    """The comparison of one observation with its pro-rated target.

    ``current``: it is the newest-dated observation of its kind; ``plan_sync_status`` is set on the
    current MRR comparison only. ``withdrawn``: the observation no longer holds.
    """

    metric: MetricKind
    plan_sync_status: PlanSyncStatus | None = None


class CustomVarianceComputed(MetricComparison, type="custom_variance.computed"):
    """The comparison of one observation of a metric that the organization defines, with its pro-rated target.

    ``metric`` is its key; ``name``, ``unit`` and ``direction`` are those of the plan version that it is compared with.
    Everything else is as in ``variance.computed``.
    """

    name: str | None = None
    unit: str | None = None
    direction: Direction = Direction.MORE_IS_BETTER
