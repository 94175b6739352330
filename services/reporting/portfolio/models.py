"""The portfolio's read model: what plans, finance and sync last said, one row per key.

Rows come from events only, in any order and any repetition: the newest version of a key wins. Nothing
refers to anything, since a metric may come before its venture.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Index, Numeric, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.base import ReportingTable
from shared.platform.db.tables import Instant, TableKind, table_args

Observed = Annotated[Decimal, mapped_column(Numeric(26, 6))]
"""Whatever a figure of an event can hold: a read model refuses nothing that its owner has published."""


class ChangeRow(ReportingTable):
    """The mark that the newest batch of a stream has left: while all are the same, so is everything below."""

    __tablename__ = "portfolio_changes"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[UUID]


class VentureRow(ReportingTable):
    """A venture as plans last described it."""

    __tablename__ = "ventures"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    description: Mapped[str]
    stage: Mapped[str]
    market_type: Mapped[str | None]
    archived_at: Mapped[Instant | None]


class PlanRow(ReportingTable):
    """The newest version of a plan: what it says, what it promises, how complete it is."""

    __tablename__ = "plans"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        # serves: the newest plan of each venture
        Index("ix_plans_venture", "organization_id", "venture_id", "saved_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    saved_at: Mapped[Instant]
    status: Mapped[str]
    pofw_score: Mapped[int | None]
    completeness_pct: Mapped[Observed]
    strategy: Mapped[dict[str, Any]] = mapped_column(JSONB)
    targets: Mapped[dict[str, Any]] = mapped_column(JSONB)


class MetricRow(ReportingTable):
    """An observation by day and source. The primary key serves: the newest day's strongest source.

    ``precedence`` 0 is the most effective source; withdrawn observations stay and never count.
    """

    __tablename__ = "metrics"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    observed_on: Mapped[date] = mapped_column(primary_key=True)
    precedence: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    revision: Mapped[int]
    source: Mapped[str]
    value: Mapped[Observed]
    unconverted: Mapped[list[Any]] = mapped_column(JSONB)
    withdrawn: Mapped[bool]


class ComparisonRow(ReportingTable):
    """What sync found for an observation. The primary key serves: the newest one up to a day."""

    __tablename__ = "comparisons"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    observed_on: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int]
    actual: Mapped[Observed]
    target: Mapped[Observed | None]
    final_target: Mapped[Observed | None]
    variance_pct: Mapped[Observed | None]
    progress_pct: Mapped[Observed | None]
    status: Mapped[str]
    plan_version: Mapped[int | None]
    withdrawn: Mapped[bool]


class AlertRow(ReportingTable):
    """An alert in its newest state."""

    __tablename__ = "alerts"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        # serves: the dashboard's open alerts
        Index("ix_alerts_open", "organization_id", "raised_at", postgresql_where=text("status = 'open'")),
        # serves: the alerts of a report's period
        Index("ix_alerts_changed", "organization_id", "changed_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    type: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str]
    title: Mapped[str]
    message: Mapped[str]
    suggested_action: Mapped[str]
    related_plan_section: Mapped[str | None]
    metric: Mapped[str | None]
    raised_at: Mapped[Instant]
    changed_at: Mapped[Instant]


class ProjectionRow(ReportingTable):
    """A projection in its newest state; ``months`` holds month ends and promised revenue."""

    __tablename__ = "projections"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        # serves: the newest projection of each venture
        Index("ix_projections_venture", "organization_id", "venture_id", "projection_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    projection_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    status: Mapped[str]
    plan_version: Mapped[int]
    months: Mapped[list[Any]] = mapped_column(JSONB)
