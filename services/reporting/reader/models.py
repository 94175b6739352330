"""Who is chosen to get the monthly report by mail."""

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.base import ReportingTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class ReportReaders(ReportingTable):
    """An organization's choice: user ids, or null for everyone who runs it. Without a row nothing was ever chosen."""

    __tablename__ = "report_readers"
    __table_args__ = table_args(TableKind.OWNED)

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    readers: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    changed_at: Mapped[Instant]
    changed_by: Mapped[Id]
