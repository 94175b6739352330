"""The dated actuals of ventures, one row per source."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import TableKind, table_args


class ObservationView(SyncTable):
    """One observation by its natural key, at its highest revision."""

    __tablename__ = "observations"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    observed_on: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    value: Mapped[Decimal]
    currency: Mapped[str | None]
    withdrawn: Mapped[bool]
    recorded_at: Mapped[datetime]
    policy_version: Mapped[int | None]
    note: Mapped[str | None]
    unconverted: Mapped[list[Any]]
    evidence: Mapped[list[Any]]
