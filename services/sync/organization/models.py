"""What sync keeps per organization."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import TableKind, table_args


class OrganizationSettings(SyncTable):
    """How an organization wants its projections handled; without a row: prompt."""

    __tablename__ = "organization_settings"
    __table_args__ = table_args(
        TableKind.OWNED, CheckConstraint("projection_mode IN ('prompt', 'auto')", "projection_mode")
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    projection_mode: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID]


class ComparisonCalendar(SyncTable):
    """The time zone and currency under which an organization's rows were last compared.

    When an organization's events change neither, nothing needs to be compared again.
    """

    __tablename__ = "comparison_calendars"
    __table_args__ = table_args(TableKind.DERIVED)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    time_zone: Mapped[str]
    currency: Mapped[str]
