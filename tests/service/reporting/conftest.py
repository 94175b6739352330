"""What the other services tell reporting of one venture, as events."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.event import Event
from shared.contracts.finance import MetricCreated, MetricKind, MetricSource
from shared.contracts.plans import PlanStatus, PlanStrategy, PlanTargets, PlanUpdated, VentureCreated, VentureStage
from shared.contracts.sync import (
    AlertRaised,
    AlertStatus,
    AlertType,
    PerformanceStatus,
    ProjectionCreated,
    ProjectionMonth,
    ProjectionStatus,
    Severity,
    VarianceComputed,
)
from shared.kernel.clock import now, today
from shared.kernel.ids import new_id
from shared.kernel.periods import add_months, month_end, month_start
from tests.harness.house import Organization

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@dataclass
class Told:
    """A venture of an organization, and the events that tell of it."""

    organization: Organization
    name: str = "Kopi Cloud"
    id: UUID = field(default_factory=new_id)
    plan_id: UUID = field(default_factory=new_id)

    @property
    def today(self) -> date:
        return today(self.organization.time_zone)

    def month_end_before(self, months: int = 1) -> date:
        """The end of an earlier month."""
        return add_months(month_start(self.today), 1 - months) - timedelta(days=1)

    def created(self, **more: Any) -> VentureCreated:
        members = {"version": 1, "name": self.name, "stage": VentureStage.GROWTH, "currency": "MYR"}
        return VentureCreated(organization_id=self.organization.id, venture_id=self.id, **{**members, **more})

    def plan(self, version: int = 1, target: str | None = "100000", **more: Any) -> PlanUpdated:
        targets = PlanTargets(target_mrr=Decimal(target) if target else None, target_date=date(2099, 12, 31))
        members = {
            "plan_id": self.plan_id,
            "version": version,
            "saved_at": NOON,
            "saved_by": UUID(int=1),
            "status": PlanStatus.COMPLETE,
            "strategy": PlanStrategy(one_line_pitch="Fresh beans.", moat="Nine growers.", market="Offices."),
            "targets": targets,
            "pofw_score": 27,
            "completeness_pct": Decimal("87.5"),
            "financial_change": True,
        }
        return PlanUpdated(organization_id=self.organization.id, venture_id=self.id, **{**members, **more})

    def metric(
        self, value: str, kind: MetricKind = MetricKind.MRR, on: date | None = None, **more: Any
    ) -> MetricCreated:
        members = {"source": MetricSource.CALCULATED, "revision": 1, "recorded_at": NOON}
        return MetricCreated(
            organization_id=self.organization.id,
            venture_id=self.id,
            metric=kind,
            observed_on=on or self.today,
            value=Decimal(value),
            **{**members, **more},
        )

    def comparison(self, actual: str, target: str, on: date | None = None, **more: Any) -> VarianceComputed:
        variance = (Decimal(actual) - Decimal(target)) / Decimal(target) * 100
        members = {
            "metric": MetricKind.MRR,
            "version": 1,
            "source": MetricSource.CALCULATED,
            "final_target": Decimal(100_000),
            "variance_pct": variance.quantize(Decimal("0.000001")),
            "progress_pct": Decimal(actual) / 1000,
            "status": PerformanceStatus.LAGGING if variance < -15 else PerformanceStatus.ON_TRACK,
            "current": True,
            "computed_at": NOON,
            "plan_version": 1,
        }
        return VarianceComputed(
            organization_id=self.organization.id,
            venture_id=self.id,
            observed_on=on or self.today,
            actual=Decimal(actual),
            target=Decimal(target),
            **{**members, **more},
        )

    def alert(self, alert_id: UUID | None = None, **more: Any) -> AlertRaised:
        members = {
            "version": 1,
            "type": AlertType.MRR_BELOW_TARGET,
            "severity": Severity.WARNING,
            "status": AlertStatus.OPEN,
            "title": "MRR is below its target",
            "message": "MRR is 25.0 % below its target.",
            "suggested_action": "Review the go-to-market strategy.",
            "related_plan_section": "gtm_strategy",
            "raised_at": now(),
            "changed_at": now(),
        }
        return AlertRaised(
            organization_id=self.organization.id,
            venture_id=self.id,
            alert_id=alert_id or new_id(),
            **{**members, **more},
        )

    def projection(self, months: int = 12) -> ProjectionCreated:
        ends = [month_end(add_months(self.today, ahead)) for ahead in range(months)]
        return ProjectionCreated(
            organization_id=self.organization.id,
            projection_id=new_id(),
            venture_id=self.id,
            version=1,
            name="Business plan baseline (v1)",
            status=ProjectionStatus.ACTIVE,
            origin="plan",
            plan_version=1,
            currency="MYR",
            start_date=self.today,
            months=tuple(
                ProjectionMonth(month_end=end, revenue=Decimal(20_000 + place), costs=Decimal(1), net_burn=Decimal(1))
                for place, end in enumerate(ends)
            ),
        )

    def story(self, actual: str = "15000", target: str = "20000") -> list[Event]:
        """A lagging venture with a month of history."""
        before = self.month_end_before()
        return [
            self.created(),
            self.plan(),
            self.metric("12000", on=before),
            self.comparison("12000", "12500", on=before),
            self.metric(actual),
            self.comparison(actual, target),
            self.metric("44000", MetricKind.BURN_RATE),
            self.metric("3.4", MetricKind.RUNWAY_MONTHS),
            self.alert(),
            self.projection(),
        ]


@pytest.fixture
def told() -> type[Told]:
    """``told(organization, name=...)``: a venture and the events that tell of it."""
    return Told
