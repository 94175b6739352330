"""The flag beside a plan's status."""

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable, one_of
from shared.contracts.plans import PlanFlag
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class PlanFlagRow(PlansTable):
    """A flag of a plan, and the monthly review that last decided it (``month`` and its ``month_revision``).

    ``version`` counts what was told of it; a review that found nothing tells nothing.
    """

    __tablename__ = "plan_flags"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(one_of("flag", PlanFlag), name="flag"),
        CheckConstraint("version >= 0", name="version"),
        CheckConstraint("NOT raised OR reason IS NOT NULL", name="reason"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    plan_id: Mapped[Id] = mapped_column(primary_key=True)
    flag: Mapped[str] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    raised: Mapped[bool]
    reason: Mapped[str | None]
    month: Mapped[str | None]
    month_revision: Mapped[int]
    plan_version: Mapped[int]
    changed_at: Mapped[Instant]
    changed_by: Mapped[UUID | None]
    reviewed_at: Mapped[Instant | None]
    reviewed_by: Mapped[UUID | None]
