"""Month-by-month forecasts."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import Json, TableKind, table_args


class Projection(SyncTable):
    """A forecast from one plan version.

    ``origin`` is ``baseline`` (from the first version with targets; kept in step with its inputs),
    ``regenerated`` (asked for by a person), ``auto`` (made by a financial plan change in
    projection mode auto) or ``scenario`` (``scenario`` says which). ``aged``: the daily job found it too
    old. ``months`` holds ``ProjectionMonth`` as JSON, ``assumptions`` what it rests
    on and where each assumption comes from. ``superseded``: a newer projection took its place.
    """

    __tablename__ = "projections"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint("status IN ('ACTIVE', 'OUTDATED')", "status"),
        CheckConstraint("origin IN ('baseline', 'regenerated', 'auto', 'scenario')", "origin"),
        CheckConstraint(
            "scenario IN ('conservative', 'base', 'aggressive', 'what_if') OR scenario IS NULL", "scenario"
        ),
        CheckConstraint("(origin = 'scenario') = (scenario IS NOT NULL)", "scenario_is_named"),
        # serves: the projections of the ventures of a batch
        Index(None, "organization_id", "venture_id", "created_at"),
        Index(
            "uq_projections_baseline",
            "organization_id",
            "venture_id",
            unique=True,
            postgresql_where=text("origin = 'baseline'"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    name: Mapped[str]
    status: Mapped[str]
    origin: Mapped[str]
    scenario: Mapped[str | None]
    superseded: Mapped[bool]
    aged: Mapped[bool]
    plan_id: Mapped[UUID]
    plan_version: Mapped[int]
    currency: Mapped[str]
    start_on: Mapped[date]
    start_revenue: Mapped[Decimal]
    start_cash: Mapped[Decimal | None]
    required_growth_rate: Mapped[Decimal | None]
    break_even_month: Mapped[date | None]
    cash_out_month: Mapped[date | None]
    months: Mapped[list[Any]]
    assumptions: Mapped[Json]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
