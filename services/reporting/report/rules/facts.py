"""What is known of a report's period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.reporting.portfolio.rules.facts import (
    Alert,
    Comparison,
    Observation,
    Observations,
    Plan,
    Projection,
    Venture,
)
from services.reporting.report.document import OrganizationPart, PeriodPart
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertStatus
from shared.kernel.periods import local_date

AT_END = (MetricKind.MRR, MetricKind.BURN_RATE, MetricKind.RUNWAY_MONTHS, MetricKind.CUSTOMERS)
"""The metrics of which a report shows the effective observation at the period's end."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """The portfolio as of a period's end, its months before, and the alerts of the period.

    ``mrr`` and ``comparisons`` hold, for each venture and each of ``days`` (twelve month ends, the
    last one ``as_of``), the newest effective MRR and the newest comparison of MRR on or before that day.
    """

    organization: OrganizationPart
    period: PeriodPart
    generated_at: datetime
    days: tuple[date, ...]
    ventures: Sequence[Venture]
    plans: Mapping[UUID, Plan] = field(default_factory=dict)
    at_end: Observations = field(default_factory=dict)
    at_start: Mapping[UUID, Observation] = field(default_factory=dict)
    mrr: Mapping[tuple[UUID, date], Observation] = field(default_factory=dict)
    comparisons: Mapping[tuple[UUID, date], Comparison] = field(default_factory=dict)
    projections: Mapping[UUID, Projection] = field(default_factory=dict)
    alerts: Sequence[Alert] = ()

    def comparison(self, venture_id: UUID) -> Comparison | None:
        """The comparison that stands at the period's end."""
        return self.comparisons.get((venture_id, self.period.as_of))

    def seen(self, venture_id: UUID, metric: MetricKind) -> Observation | None:
        """The effective observation at the period's end."""
        return self.at_end.get((venture_id, metric))

    def is_open(self, alert: Alert) -> bool:
        """Whether an alert was still open at the period's end (it may have been closed since)."""
        closed_later = local_date(alert.changed_at, self.organization.time_zone) > self.period.as_of
        return alert.status is AlertStatus.OPEN or closed_later

    def is_of_period(self, alert: Alert) -> bool:
        """Whether an alert was open on at least one day of the period."""
        zone = self.organization.time_zone
        began = local_date(alert.raised_at, zone) <= self.period.as_of
        return began and (alert.status is AlertStatus.OPEN or local_date(alert.changed_at, zone) >= self.period.start)

    def listed(self) -> list[Venture]:
        """The ventures that were not archived at the period's end, by name."""
        zone, last = self.organization.time_zone, self.period.as_of
        kept = (one for one in self.ventures if one.archived_at is None or local_date(one.archived_at, zone) > last)
        return sorted(kept, key=lambda venture: (venture.name.casefold(), str(venture.id)))
