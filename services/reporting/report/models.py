"""Investor reports, frozen when made."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.base import ReportingTable
from shared.platform.db.tables import Instant, TableKind, table_args


class Report(ReportingTable):
    """A report of a period: its document (figures, text, sources) and the PDF made from it.

    ``sha256`` is the PDF's. ``press`` names the versions of what made it: the same document under the
    same press gives the same bytes. ``created_by`` is null for one that a job made. The heavy columns are loaded
    when asked for.
    """

    __tablename__ = "reports"
    __table_args__ = table_args(
        TableKind.OWNED,
        # serves: the list of reports, newest first
        Index("ix_reports_created", "organization_id", "created_at", "id"),
        CheckConstraint("template IN ('quarterly', 'monthly')", name="template"),
        CheckConstraint("status = 'ready'", name="status"),
        CheckConstraint("period_start < period_end", name="period"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    template: Mapped[str]
    status: Mapped[str]
    period_code: Mapped[str]
    period_label: Mapped[str]
    period_start: Mapped[date]
    period_end: Mapped[date]
    as_of: Mapped[date]
    sha256: Mapped[str]
    press: Mapped[str]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID | None]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB, deferred=True, deferred_raiseload=True)
    pdf: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
