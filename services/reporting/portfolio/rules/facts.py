"""What is known of a portfolio: the facts from which figures are made.

Money is in the organization's base currency (finance converts; what has no rate stays in ``unconverted``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.plans import MarketType, PlanStatus, PlanStrategy, PlanTargets, VentureStage
from shared.contracts.sync import AlertStatus, AlertType, PerformanceStatus, Severity


@dataclass(frozen=True, slots=True)
class Venture:
    """A venture as plans last described it."""

    id: UUID
    name: str
    stage: VentureStage
    version: int = 1
    description: str = ""
    market_type: MarketType | None = None
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The newest version of a venture's plan."""

    id: UUID
    venture_id: UUID
    version: int
    saved_at: datetime
    status: PlanStatus
    completeness_pct: Decimal
    pofw_score: int | None = None
    strategy: PlanStrategy = field(default_factory=PlanStrategy)
    targets: PlanTargets = field(default_factory=PlanTargets)


@dataclass(frozen=True, slots=True)
class Observation:
    """The effective observation of one metric of a venture: the newest day, the strongest source."""

    venture_id: UUID
    metric: MetricKind
    observed_on: date
    source: MetricSource
    value: Decimal
    revision: int = 1
    unconverted: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What sync found for one observation against its pro-rated target."""

    venture_id: UUID
    metric: MetricKind
    observed_on: date
    version: int
    actual: Decimal
    status: PerformanceStatus
    target: Decimal | None = None
    final_target: Decimal | None = None
    variance_pct: Decimal | None = None
    progress_pct: Decimal | None = None
    plan_version: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A deviation that sync raised, in its newest state."""

    id: UUID
    venture_id: UUID
    version: int
    type: AlertType
    severity: Severity
    status: AlertStatus
    title: str
    message: str
    suggested_action: str
    raised_at: datetime
    changed_at: datetime
    related_plan_section: str | None = None
    metric: MetricKind | None = None


@dataclass(frozen=True, slots=True)
class ProjectedMonth:
    """The revenue that a plan version promises for the end of a month."""

    month_end: date
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class Projection:
    """The newest projection of a venture (ACTIVE before OUTDATED)."""

    id: UUID
    venture_id: UUID
    version: int
    plan_version: int
    months: tuple[ProjectedMonth, ...]


Observations = Mapping[tuple[UUID, MetricKind], Observation]
"""The effective observation of each venture and metric, as of one day."""
