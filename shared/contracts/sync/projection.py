"""Forecasts from plan versions."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.kernel.money import Amount, CurrencyCode, Ratio


class ProjectionStatus(StrEnum):
    """Whether a projection still rests on the plan as it is."""

    ACTIVE = "ACTIVE"
    OUTDATED = "OUTDATED"


class ProjectionMonth(Part):
    """One month of a projection; ``runway_months`` is null when nothing is burned or cash is unknown."""

    month_end: date
    revenue: Amount
    costs: Amount
    net_burn: Amount
    cash: Amount | None = None
    runway_months: Amount | None = None


class ProjectionState(Event, kind=Kind.SNAPSHOT, key=("projection_id",), sequence="version"):
    """A month-by-month forecast from one plan version."""

    projection_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    name: str
    status: ProjectionStatus
    origin: str
    plan_version: int
    currency: CurrencyCode
    start_date: date
    required_growth_rate: Ratio | None = None
    break_even_month: date | None = None
    cash_out_month: date | None = None
    months: tuple[ProjectionMonth, ...]
    note: str | None = None
    scenario: str | None = None


class ProjectionCreated(ProjectionState, type="projection.created"):
    """A projection was made."""


class ProjectionOutdated(ProjectionState, type="projection.outdated"):
    """A projection no longer rests on the plan as it is."""
