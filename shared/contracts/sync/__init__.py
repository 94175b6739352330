"""Events of sync: comparisons, projections, alerts, notifications."""

from shared.contracts.sync.alert import (
    AlertDismissed,
    AlertForecast,
    AlertRaised,
    AlertResolved,
    AlertState,
    AlertStatus,
    AlertType,
    AlertUpdated,
    Severity,
)
from shared.contracts.sync.comparison import (
    CustomVarianceComputed,
    MetricComparison,
    PerformanceStatus,
    PlanSyncStatus,
    VarianceComputed,
)
from shared.contracts.sync.notification import NotificationCreated, NotificationType
from shared.contracts.sync.projection import (
    ProjectionCreated,
    ProjectionMonth,
    ProjectionOutdated,
    ProjectionState,
    ProjectionStatus,
)
from shared.contracts.sync.proposal import ProposalStatus, ProposedTargets, TargetsProposed
from shared.contracts.sync.review import ReviewCompleted, ReviewedMetric

__all__ = [
    "AlertDismissed",
    "AlertForecast",
    "AlertRaised",
    "AlertResolved",
    "AlertState",
    "AlertStatus",
    "AlertType",
    "AlertUpdated",
    "CustomVarianceComputed",
    "MetricComparison",
    "NotificationCreated",
    "NotificationType",
    "PerformanceStatus",
    "PlanSyncStatus",
    "ProjectionCreated",
    "ProjectionMonth",
    "ProjectionOutdated",
    "ProjectionState",
    "ProjectionStatus",
    "ProposalStatus",
    "ProposedTargets",
    "ReviewCompleted",
    "ReviewedMetric",
    "Severity",
    "TargetsProposed",
    "VarianceComputed",
]
