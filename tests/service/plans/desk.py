"""A venture in front of somebody who plans."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2

from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.identity import Role
from shared.contracts.sync import CustomVarianceComputed, PerformanceStatus, PlanSyncStatus, VarianceComputed
from shared.kernel.ids import new_id
from tests.harness.house import House, Organization

TARGETS = {
    "target_mrr": "100000.00",
    "target_date": "2026-12-31",
    "baseline_value": "12000",
    "baseline_date": "2026-01-31",
}
STRATEGY: dict[str, Any] = {
    **{
        name: f"our {name}"
        for name in (
            *("vision", "problem", "solution", "market", "revenue_model", "gtm_strategy", "unit_economics", "moat"),
            *("competition", "team", "feasibility", "willingness_to_pay", "financials", "ask"),
        )
    },
    "key_features": ["fast", "cheap"],
    "problem_score": 8,
    "opportunity_score": 7,
    "feasibility_score": 9,
    "willingness_to_pay_score": 6,
    "market_tam": "3000000",
    "market_sam": "200000",
    "market_som": "10000",
}
"""Every required section."""


class Desk:
    """A venture in front of somebody."""

    def __init__(self, house: House, org: Organization, client: httpx2.AsyncClient, venture_id: str) -> None:
        self.house, self.org, self.client, self.venture_id = house, org, client, venture_id
        self.path = f"/ventures/{venture_id}/plan"

    async def save(self, client: httpx2.AsyncClient | None = None, **body: Any) -> httpx2.Response:
        return await (client or self.client).put(self.path, json=body)

    async def read(self) -> dict[str, Any]:
        return (await self.client.get(self.path)).json()

    def somebody_else(self) -> httpx2.AsyncClient:
        return self.house.client("plans", self.org, Role.MEMBER, user=new_id())

    async def act(self, action: str, client: httpx2.AsyncClient | None = None, **body: Any) -> httpx2.Response:
        return await (client or self.client).post(f"{self.path}/{action}", json=body)

    async def activity(self) -> list[str]:
        """The activity feed, newest first."""
        page = (await self.client.get(f"/ventures/{self.venture_id}/activity")).json()
        return [one["text"] for one in page["items"]]

    def compared(self, day: int, version: int = 1, **given: Any) -> VarianceComputed:
        """Sync's comparison of one day of March 2026."""
        return VarianceComputed.model_validate(
            {
                "organization_id": self.org.id,
                "venture_id": UUID(self.venture_id),
                "metric": MetricKind.MRR,
                "observed_on": date(2026, 3, day),
                "version": version,
                "source": MetricSource.CALCULATED,
                "actual": Decimal(13_000),
                "status": PerformanceStatus.LAGGING,
                "current": True,
                "plan_sync_status": PlanSyncStatus.ACTUAL_BELOW_TARGET,
                "computed_at": datetime(2026, 3, day, 12, tzinfo=UTC),
            }
            | given
        )

    def compared_by_key(self, metric: str, day: int, **given: Any) -> CustomVarianceComputed:
        """Sync's comparison of a custom metric on one day of March 2026."""
        same = self.compared(day, **given).model_dump(exclude={"plan_sync_status"})
        return CustomVarianceComputed.model_validate(same | {"metric": metric})
