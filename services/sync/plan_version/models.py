"""Every version of every plan: which one counts for a day depends on all of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import Json, TableKind, table_args


class PlanVersionView(SyncTable):
    """One whole version of a plan, as its event carried it.

    ``targets`` are JSON of ``PlanTargets``; an archived version has none.
    """

    __tablename__ = "plan_versions"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        # serves: the versions of the ventures of a batch
        Index(None, "organization_id", "venture_id", "version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    saved_at: Mapped[datetime]
    financial_change: Mapped[bool]
    changed_fields: Mapped[list[Any]]
    targets: Mapped[Json]
