"""Rows of a venture's projections that change, and the events that tell of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.plan_version.rules import PlanVersion
from services.sync.projection.models import Projection
from services.sync.projection.rules import Footing, footing, projection_name
from services.sync.projection.use_cases.making import Made
from services.sync.venture.store import VentureKey
from shared.contracts.sync import (
    ProjectionCreated,
    ProjectionMonth,
    ProjectionOutdated,
    ProjectionState,
    ProjectionStatus,
)
from shared.kernel.clock import now
from shared.kernel.ids import new_id

BASELINE, REGENERATED, AUTO, SCENARIO = "baseline", "regenerated", "auto", "scenario"
WHAT_IF = "what_if"


@dataclass(frozen=True, slots=True)
class Outdated:
    """The newest projection of a venture without any that is active, and why it is outdated."""

    name: str
    by: PlanVersion


@dataclass(slots=True)
class ProjectionChanges:
    """The projections of one locked venture (oldest first), and what becomes of them."""

    session: AsyncSession
    venture: VentureKey
    currency: str
    versions: Sequence[PlanVersion]
    rows: list[Projection]
    at: datetime = field(default_factory=now)
    new: list[Projection] = field(default_factory=list)
    changed: list[Projection] = field(default_factory=list)

    def put_baseline(self, made: Made) -> None:
        """Make the venture's baseline projection, or bring it up to date."""
        row = next((row for row in self.rows if row.origin == BASELINE), None)
        if row is None:
            self._insert(made, BASELINE, None)
        else:
            self._set(row, _columns(made, self.currency))

    def add(self, made: Made, origin: str, actor: UUID | None = None) -> Projection:
        """Add a projection that supersedes the others."""
        for row in self.plain:
            self._set(row, {"superseded": True})
        added = self._insert(made, origin, actor)
        self.settle()
        return added

    def add_scenario(self, made: Made, scenario: str, actor: UUID) -> Projection:
        """Add a scenario's projection beside the plan's own; it supersedes the one before (of what-ifs: by name)."""
        for row in self.rows:
            if row.scenario == scenario and (scenario != WHAT_IF or row.name == made.name):
                self._set(row, {"superseded": True})
        added = self._insert(made, SCENARIO, actor, scenario)
        self.settle()
        return added

    def age(self, before: datetime) -> None:
        """Let active projections that were made before an instant be outdated by their age."""
        for row in self.rows:
            if row.status == ProjectionStatus.ACTIVE.value and row.created_at < before:
                self._set(row, {"aged": True})
        self.settle()

    def settle(self) -> None:
        """Set the status and note of every projection by the plan's versions."""
        for row in self.rows:
            stands = self._footing(row)
            self._set(row, {"status": stands.status.value, "note": stands.note})

    @property
    def plain(self) -> list[Projection]:
        """The projections of the plan as it is meant, without scenarios."""
        return [row for row in self.rows if row.origin != SCENARIO]

    @property
    def any_active(self) -> bool:
        """Whether a projection rests on the plan as it is."""
        return any(row.status == ProjectionStatus.ACTIVE.value for row in self.plain)

    @property
    def outdated(self) -> Outdated | None:
        """The newest projection with what outdated it, when none is active."""
        rows = self.plain
        if not rows or self.any_active:
            return None
        newest = next((row for row in reversed(rows) if not row.superseded), rows[-1])
        cause = self._footing(newest).outdated_by
        return Outdated(newest.name, cause) if cause else None

    def events(self) -> list[ProjectionState]:
        """What is told of the changes: new ones were created, changed ones by their status."""
        told: list[ProjectionState] = [_event(ProjectionCreated, row) for row in self.new]
        for row in self.changed:
            active = row.status == ProjectionStatus.ACTIVE.value
            told.append(_event(ProjectionCreated if active else ProjectionOutdated, row))
        return told

    def _insert(self, made: Made, origin: str, actor: UUID | None, scenario: str | None = None) -> Projection:
        organization_id, venture_id = self.venture
        row = Projection(
            organization_id=organization_id,
            id=new_id(),
            venture_id=venture_id,
            version=1,
            status=ProjectionStatus.ACTIVE.value,
            origin=origin,
            scenario=scenario,
            superseded=origin == BASELINE and bool(self.plain),
            aged=False,
            created_at=self.at,
            created_by=actor,
            changed_at=self.at,
            note=None,
            **_columns(made, self.currency),
        )
        self.session.add(row)
        self.new.append(row)
        self.rows.append(row)
        return row

    def _footing(self, row: Projection) -> Footing:
        return footing(row.plan_version, self.versions, superseded=row.superseded, aged=row.aged)

    def _set(self, row: Projection, values: Mapping[str, Any]) -> None:
        different = {name: value for name, value in values.items() if getattr(row, name) != value}
        for name, value in different.items():
            setattr(row, name, value)
        if different and row not in self.new and row not in self.changed:
            row.version += 1
            row.changed_at = self.at
            self.changed.append(row)


def _columns(made: Made, currency: str) -> dict[str, Any]:
    """Everything of a projection that follows from its inputs."""
    figures = made.forecast
    return {
        "name": made.name or projection_name(made.promise.plan_version),
        "plan_id": made.promise.plan_id,
        "plan_version": made.promise.plan_version,
        "currency": currency,
        "start_on": figures.start_on,
        "start_revenue": figures.start_revenue,
        "start_cash": figures.start_cash,
        "required_growth_rate": figures.required_growth_rate,
        "break_even_month": figures.break_even_month,
        "cash_out_month": figures.cash_out_month,
        "months": [month.model_dump(mode="json") for month in figures.months],
        "assumptions": {
            name: {"value": format(assumed.value, "f"), "origin": assumed.origin}
            for name, assumed in (
                ("burn", made.assumptions.burn),
                ("payroll_share", made.assumptions.payroll_share),
                ("salary_growth", made.assumptions.salary_growth),
            )
        }
        | ({"adjustment": made.adjustment} if made.adjustment else {}),
    }


def _event(kind: type[ProjectionState], row: Projection) -> ProjectionState:
    return kind(
        organization_id=row.organization_id,
        projection_id=row.id,
        venture_id=row.venture_id,
        version=row.version,
        name=row.name,
        status=ProjectionStatus(row.status),
        origin=row.origin,
        plan_version=row.plan_version,
        currency=row.currency,
        start_date=row.start_on,
        required_growth_rate=row.required_growth_rate,
        break_even_month=row.break_even_month,
        cash_out_month=row.cash_out_month,
        months=tuple(ProjectionMonth.model_validate(month) for month in row.months),
        note=row.note,
        scenario=row.scenario,
    )
