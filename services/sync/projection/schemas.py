"""Request and response bodies of projections."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.sync.projection.models import Projection
from shared.contracts.sync import ProjectionMonth, ProjectionStatus
from shared.kernel.money import Amount, Ratio
from shared.platform.http.bodies import Answer, Body


class RegenerateBody(Body):
    """Which plan version to project; the current one if not given."""

    plan_version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1, examples=[1])] | None = None


class AssumptionOut(Answer):
    """A figure that the projection rests on, and where it comes from."""

    value: Amount
    origin: Literal["plan", "observed", "default", "what_if"]


class StepOut(Answer):
    """Something that happens in a month of a scenario: from then on monthly, or (``inflow``) once."""

    on: date
    monthly_revenue: Amount
    monthly_costs: Amount
    inflow: Amount


class AdjustmentOut(Answer):
    """What a scenario changes: factors on each month's growth and costs, and what a what-if gave instead."""

    growth_factor: Amount
    cost_factor: Amount
    monthly_growth: Amount | None
    target_mrr: Amount | None
    target_date: date | None
    steps: list[StepOut]


class AssumptionsOut(Answer):
    """Net burn a month at the start; payroll's share of costs; its growth a month (both fractions)."""

    burn: AssumptionOut
    payroll_share: AssumptionOut
    salary_growth: AssumptionOut
    adjustment: AdjustmentOut | None = None


class ProjectionOut(Answer):
    """A month-by-month forecast. Revenue and costs are a month's, cash is at the month's end."""

    id: UUID
    venture_id: UUID
    version: int
    name: str
    status: ProjectionStatus
    origin: Literal["baseline", "regenerated", "auto", "scenario"]
    scenario: Literal["conservative", "base", "aggressive", "what_if"] | None
    plan_version: int
    currency: str
    start_on: date
    start_revenue: Amount
    start_cash: Amount | None
    required_growth_rate: Ratio | None
    break_even_month: date | None
    cash_out_month: date | None
    months: list[ProjectionMonth]
    assumptions: AssumptionsOut
    note: str | None
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: Projection) -> "ProjectionOut":
        """From a stored projection."""
        return cls.model_validate(row)


class ComparedMonth(Answer):
    """The same month in two projections; null where one has no such month."""

    month_end: date
    a: ProjectionMonth | None
    b: ProjectionMonth | None


class ProjectionPair(Answer):
    """Two projections side by side."""

    a: ProjectionOut
    b: ProjectionOut
    months: list[ComparedMonth]

    @classmethod
    def of(cls, a: Projection, b: Projection) -> "ProjectionPair":
        """From two stored projections."""
        left, right = ProjectionOut.of(a), ProjectionOut.of(b)
        of_a = {month.month_end: month for month in left.months}
        of_b = {month.month_end: month for month in right.months}
        months = [
            ComparedMonth(month_end=end, a=of_a.get(end), b=of_b.get(end)) for end in sorted(of_a.keys() | of_b.keys())
        ]
        return cls(a=left, b=right, months=months)
