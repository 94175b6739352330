"""Request and response bodies of milestones."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, model_validator

from services.plans.goal.schemas import Description, ProgressOut
from services.plans.milestone.models import Milestone
from services.plans.milestone.rules import allowed_actions
from services.plans.plan.schemas.bodies import CustomAmount, KnownVersion, PlanDay
from shared.contracts.plans import Direction, MetricName
from shared.kernel.money import Amount
from shared.kernel.text import OneLine
from shared.platform.http.bodies import Body


class _MilestoneFields(Body):
    description: Description = None
    metric: MetricName | None = None
    threshold: CustomAmount | None = None
    direction: Direction | None = None
    due_on: PlanDay | None = None


class NewMilestone(_MilestoneFields):
    """A milestone to set: a metric with its threshold, or neither for one that a person reaches.

    ``direction`` left out is the metric's own: a burn rate reaches its threshold from above.
    """

    name: OneLine


class MilestoneChange(_MilestoneFields):
    """What to change; members that are left out stay. ``version`` (or If-Match) guards the save."""

    name: OneLine | None = None
    version: KnownVersion | None = None

    @model_validator(mode="after")
    def _keeps_name_and_direction(self) -> "MilestoneChange":
        for name in ("name", "direction"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self

    def wanted(self) -> dict[str, Any]:
        """The members that were given, as values of the table's columns."""
        given = self.model_dump(exclude_unset=True, exclude={"version"})
        return {name: value.value if isinstance(value, Direction) else value for name, value in given.items()}


class MilestoneVersion(Body):
    """``version`` (or If-Match) guards the action, when given."""

    version: KnownVersion | None = None


class ReachBody(MilestoneVersion):
    """The day on which the milestone was reached; today when left out."""

    reached_on: PlanDay | None = None


class MilestoneOut(BaseModel):
    """A milestone. ``overdue``: not reached after its due day, in the organization's time zone."""

    id: UUID
    venture_id: UUID
    version: int
    name: str
    description: str | None
    metric: str | None
    threshold: Amount | None
    direction: Direction
    progress: ProgressOut | None
    due_on: date | None
    overdue: bool
    counts_from: date
    reached_on: date | None
    reached_at: datetime | None
    reached_by: UUID | None
    reached_actual: Amount | None
    created_at: datetime
    created_by: UUID
    archived_at: datetime | None
    allowed_actions: list[str]

    @classmethod
    def of(cls, milestone: Milestone, today: date, progress: ProgressOut | None) -> "MilestoneOut":
        """From the row, the organization's day and the newest actual."""
        reached, archived = milestone.reached_on is not None, milestone.archived_at is not None
        columns = {
            name: getattr(milestone, name)
            for name in cls.model_fields
            if name not in {"progress", "overdue", "allowed_actions"}
        }
        return cls(
            **columns,
            progress=progress,
            overdue=not reached and milestone.due_on is not None and milestone.due_on < today,
            allowed_actions=allowed_actions(reached=reached, archived=archived),
        )
