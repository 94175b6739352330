"""Short ways to say a plan version."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from services.sync.plan_version.rules import PlanVersion
from shared.contracts.plans import PlanTargets

PLAN = UUID(int=1)


def plan(version: int, saved_on: str, *, financial: bool = False, **targets) -> PlanVersion:
    return PlanVersion(
        PLAN, version, date.fromisoformat(saved_on), PlanTargets(**targets), financial, ("targets.target_mrr",)
    )


def money(text: str | int) -> Decimal:
    return Decimal(text)
