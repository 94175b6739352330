"""Request and response bodies of goals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, TypeAdapter, field_validator, model_validator

from services.plans.actual.models import VentureActual
from services.plans.actual.rules import is_met, progress_pct
from services.plans.goal.models import Goal
from services.plans.goal.rules import SECTION_NAMES, allowed_actions
from services.plans.plan.schemas.bodies import CustomAmount, KnownVersion, PlanDay
from shared.contracts.plans import Direction, GoalStatus, MetricName
from shared.kernel.money import Amount, Percent
from shared.kernel.text import OneLine, none_if_blank
from shared.platform.http.bodies import Body

_ADDRESS = TypeAdapter(HttpUrl)
_URL_LENGTH = 2000
# A length is asked of the text only: asked of null as well, null would be an error of ours.
Description = Annotated[Annotated[str, Field(max_length=10_000)] | None, AfterValidator(none_if_blank)]
SectionName = Literal[SECTION_NAMES]  # type: ignore[valid-type]  # the sections are declared in one place, the rules


class _GoalFields(Body):
    description: Description = None
    metric: MetricName | None = None
    target: CustomAmount | None = None
    due_on: PlanDay | None = None
    owner_id: UUID | None = None
    plan_section: SectionName | None = None
    external_url: Annotated[str, Field(max_length=_URL_LENGTH)] | None = None
    external_key: OneLine | None = None

    @field_validator("external_url")
    @classmethod
    def _leads_to_a_page(cls, value: str | None) -> str | None:
        return None if value is None else str(_ADDRESS.validate_python(value))


class NewGoal(_GoalFields):
    """A goal to set: a metric with its target, or a title and text. ``owner_id`` is a member."""

    title: OneLine


class GoalChange(_GoalFields):
    """What to change; members that are left out stay. ``version`` (or If-Match) guards the save."""

    title: OneLine | None = None
    version: KnownVersion | None = None

    @model_validator(mode="after")
    def _keeps_a_title(self) -> "GoalChange":
        if "title" in self.model_fields_set and self.title is None:
            raise ValueError("title cannot be null; leave it out to keep it")
        return self

    def wanted(self) -> dict[str, Any]:
        """The members that were given."""
        return self.model_dump(exclude_unset=True, exclude={"version"})


class GoalVersion(Body):
    """``version`` (or If-Match) guards the action, when given."""

    version: KnownVersion | None = None


class ProgressOut(BaseModel):
    """How the newest actual stands against the number that is wanted."""

    actual: Amount
    observed_on: date
    progress_pct: Percent | None
    met: bool

    @classmethod
    def of(cls, actual: VentureActual | None, wanted: Decimal | None, direction: Direction) -> "ProgressOut | None":
        """Null without an actual or a number."""
        if actual is None or wanted is None:
            return None
        return cls(
            actual=actual.value,
            observed_on=actual.observed_on,
            progress_pct=progress_pct(actual.value, wanted),
            met=is_met(actual.value, wanted, direction),
        )


class GoalOut(BaseModel):
    """A goal. ``overdue``: still open after its due day, in the organization's time zone."""

    id: UUID
    venture_id: UUID
    version: int
    title: str
    description: str | None
    metric: str | None
    target: Amount | None
    progress: ProgressOut | None
    due_on: date | None
    overdue: bool
    owner_id: UUID | None
    plan_section: str | None
    status: GoalStatus
    external_url: str | None
    external_key: str | None
    created_at: datetime
    created_by: UUID
    changed_at: datetime
    changed_by: UUID
    archived_at: datetime | None
    allowed_actions: list[str]

    @classmethod
    def of(cls, goal: Goal, today: date, progress: ProgressOut | None) -> "GoalOut":
        """From the row, the organization's day and the newest actual."""
        status = GoalStatus(goal.status)
        archived = goal.archived_at is not None
        columns = {
            name: getattr(goal, name)
            for name in cls.model_fields
            if name not in {"progress", "overdue", "status", "allowed_actions"}
        }
        return cls(
            **columns,
            status=status,
            progress=progress,
            overdue=status is GoalStatus.OPEN and goal.due_on is not None and goal.due_on < today,
            allowed_actions=allowed_actions(status, archived=archived),
        )
