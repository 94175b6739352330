"""Proposed targets as sync told them, and the decisions about them."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable, one_of
from shared.contracts.sync import ProposalStatus
from shared.platform.db.tables import Id, Instant, Json, TableKind, table_args


class DecisionKind(StrEnum):
    """What people can decide."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class Proposal(PlansTable):
    """Targets that sync proposes for one version of a plan, in the newest state that it told."""

    __tablename__ = "proposals"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        CheckConstraint(one_of("status", ProposalStatus), name="status"),
        # serves: the proposals of a venture, newest first
        Index(None, "organization_id", "venture_id", "proposal_id"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    proposal_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    plan_id: Mapped[UUID]
    plan_version: Mapped[int]
    status: Mapped[str]
    targets: Mapped[Json]
    reason: Mapped[str]
    months: Mapped[list[Any]]
    proposed_at: Mapped[Instant]
    changed_at: Mapped[Instant]


class ProposalDecision(PlansTable):
    """What a person decided about a proposal; ``plan_version`` is the version that accepting it made."""

    __tablename__ = "proposal_decisions"
    __table_args__ = table_args(TableKind.OWNED, CheckConstraint(one_of("decision", DecisionKind), name="decision"))

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    proposal_id: Mapped[Id] = mapped_column(primary_key=True)
    decision: Mapped[str]
    decided_at: Mapped[Instant]
    decided_by: Mapped[UUID]
    note: Mapped[str | None]
    plan_version: Mapped[int | None]
