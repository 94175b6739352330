"""Plans, their versions, and what sync told about them."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable, one_of
from services.plans.plan.rules import PlanContent
from shared.contracts.plans import PlanStatus, PlanStrategy, PlanTargets
from shared.contracts.sync import PlanSyncStatus
from shared.platform.db.tables import Day, Figure, Id, Instant, Json, TableKind, table_args


class Plan(PlansTable):
    """The plan of a venture: points at its current version."""

    __tablename__ = "plans"
    __table_args__ = table_args(
        TableKind.OWNED,
        UniqueConstraint("organization_id", "venture_id"),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    created_at: Mapped[Instant]


class PlanVersion(PlansTable):
    """One whole version of a plan. Its content never changes; its label does, and it may be tagged for investors.

    ``targets`` and ``strategy`` are the record; the target columns repeat what figures and lists read.
    """

    __tablename__ = "plan_versions"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(one_of("status", PlanStatus), name="status"),
        CheckConstraint("pofw_score BETWEEN 0 AND 40", name="pofw_score"),
        CheckConstraint("completeness_pct BETWEEN 0 AND 100", name="completeness_pct"),
        CheckConstraint("NOT archived OR investor_ready_at IS NULL", name="tag"),
        CheckConstraint("target_mrr >= 0 AND target_arr >= 0 AND target_customers >= 0", name="targets"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    plan_id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    saved_at: Mapped[Instant]
    saved_by: Mapped[UUID]
    label: Mapped[str | None]
    restored_from: Mapped[int | None]
    status: Mapped[str]
    strategy: Mapped[Json]
    targets: Mapped[Json]
    target_mrr: Mapped[Figure | None]
    target_arr: Mapped[Figure | None]
    target_customers: Mapped[int | None]
    target_date: Mapped[Day | None]
    pofw_score: Mapped[int | None]
    completeness_pct: Mapped[Figure]
    financial_change: Mapped[bool]
    changes: Mapped[Json]
    archived: Mapped[bool] = mapped_column(server_default=false())
    accepted_proposal_id: Mapped[UUID | None]
    investor_ready_at: Mapped[Instant | None]
    investor_ready_by: Mapped[UUID | None]

    def content(self) -> PlanContent:
        """What this version says."""
        return PlanContent(PlanStrategy.model_validate(self.strategy), self.promised())

    def promised(self) -> PlanTargets:
        """The targets alone: reading the strategy takes several times as long, and lists do not show it."""
        return PlanTargets.model_validate(self.targets)

    def changed_fields(self) -> list[str]:
        """The fields that differ from the version before."""
        changes: list[dict[str, Any]] = self.changes
        return [change["field"] for change in changes]


class PlanComparison(PlansTable):
    """What sync said of a venture's MRR on one day; the newest day that holds is the plan's sync status."""

    __tablename__ = "plan_comparisons"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        CheckConstraint(one_of("plan_sync_status", PlanSyncStatus), name="plan_sync_status"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id] = mapped_column(primary_key=True)
    observed_on: Mapped[Day] = mapped_column(primary_key=True)
    version: Mapped[int]
    plan_sync_status: Mapped[str | None]
    computed_at: Mapped[Instant]
    withdrawn: Mapped[bool]

    def sync_status(self) -> PlanSyncStatus | None:
        """How the plan's MRR stands against the actual."""
        return None if self.plan_sync_status is None else PlanSyncStatus(self.plan_sync_status)
