"""Words in which the tests of sync tell their stories."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.finance import (
    CustomMetricCreated,
    MetricCreated,
    MetricKind,
    MetricObservation,
    MetricSource,
    is_custom,
)
from shared.contracts.plans import (
    FieldChange,
    PlanCreated,
    PlanState,
    PlanStatus,
    PlanStrategy,
    PlanTargets,
    PlanUpdated,
    VentureCreated,
    VentureStage,
    VentureUpdated,
)
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from tests.harness.house import House, Organization


@dataclass
class Venture:
    """A venture of a test, and the events that tell of it."""

    organization_id: UUID
    name: str = "Kopi"
    id: UUID = field(default_factory=new_id)
    plan_id: UUID = field(default_factory=new_id)

    def created(self) -> VentureCreated:
        return VentureCreated(**self._state(1))

    def archived(self, version: int = 2) -> VentureUpdated:
        return VentureUpdated(**self._state(version), archived_at=now())

    def _state(self, version: int) -> dict[str, Any]:
        return {
            "organization_id": self.organization_id,
            "venture_id": self.id,
            "version": version,
            "name": self.name,
            "stage": VentureStage.GROWTH,
            "currency": "MYR",
        }

    def plan(
        self, version: int = 1, *, saved_at: datetime | None = None, financial: bool | None = None, **targets: Any
    ) -> PlanState:
        kind = PlanCreated if version == 1 else PlanUpdated
        return kind(
            organization_id=self.organization_id,
            plan_id=self.plan_id,
            venture_id=self.id,
            version=version,
            saved_at=saved_at or now(),
            saved_by=new_id(),
            status=PlanStatus.DRAFT,
            strategy=PlanStrategy(),
            targets=PlanTargets(**targets),
            completeness_pct=Decimal(50),
            financial_change=version > 1 if financial is None else financial,
            changes=(FieldChange(field="targets.target_mrr"),) if version > 1 else (),
        )

    def metric(
        self,
        day: date,
        value: str | int,
        metric: str = MetricKind.MRR,
        *,
        source: MetricSource = MetricSource.CALCULATED,
        revision: int = 1,
        withdrawn: bool = False,
    ) -> MetricObservation:
        told = CustomMetricCreated if is_custom(metric) else MetricCreated
        return told(
            organization_id=self.organization_id,
            venture_id=self.id,
            metric=metric,
            observed_on=day,
            source=source,
            revision=revision,
            value=Decimal(value),
            currency="MYR" if metric in (MetricKind.MRR, MetricKind.ARR, MetricKind.CASH) else None,
            recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
            withdrawn=withdrawn,
            evidence=("subscription:sub_1",),
        )


async def a_house_with_sync(house: House, replicas: int = 1) -> tuple[Organization, Venture]:
    """Sync running, an organization, and a venture that it knows."""
    await house.start(*["sync"] * replicas)
    organization = await house.organization()
    venture = Venture(organization.id)
    await house.publish(venture.created())
    await house.settle()
    return organization, venture


async def answer(house: House, organization: Organization, path: str) -> Any:
    """The JSON that sync gives."""
    response = await house.client("sync", organization).get(path)
    assert response.status_code == 200, response.text
    return response.json()
