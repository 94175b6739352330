"""What was proposed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.contracts.sync import ProposalStatus
from shared.platform.db.tables import Json, TableKind, table_args

_STATUSES = ", ".join(f"'{status.value}'" for status in ProposalStatus)


class TargetProposal(SyncTable):
    """Targets proposed after the review of a month; ``targets`` are JSON of ``ProposedTargets``.

    At most one of a venture's is open: that of its newest month.
    """

    __tablename__ = "target_proposals"
    __table_args__ = table_args(TableKind.OWNED, CheckConstraint(f"status IN ({_STATUSES})", "status"))

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID]
    version: Mapped[int]
    plan_id: Mapped[UUID]
    plan_version: Mapped[int]
    status: Mapped[str]
    targets: Mapped[Json]
    reason: Mapped[str]
    months: Mapped[list[Any]]
    proposed_at: Mapped[datetime]
    changed_at: Mapped[datetime]
