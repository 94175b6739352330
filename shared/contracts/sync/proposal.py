"""Targets that actuals suggest."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.contracts.plans import TargetPath
from shared.kernel.money import Amount


class ProposalStatus(StrEnum):
    """Whether proposed targets still stand."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


class ProposedTargets(Part):
    """The targets that a proposal would change; null ones stay as the plan has them."""

    target_mrr: Amount | None = None
    target_arr: Amount | None = None
    target_customers: int | None = None
    target_date: date | None = None
    baseline_value: Amount | None = None
    baseline_date: date | None = None
    path: TargetPath | None = None


class TargetsProposed(Event, type="targets.proposed", kind=Kind.SNAPSHOT, key=("proposal_id",), sequence="version"):
    """Actuals left the path for months: sync proposes other targets for one version of the plan.

    It never applies them: a person accepts them in plans, as a new version (``accepted_proposal_id``),
    or declines. Sync withdraws what no longer stands. ``months`` are those that left the path.
    """

    proposal_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    plan_id: UUID
    plan_version: int = Field(ge=1)
    status: ProposalStatus
    targets: ProposedTargets
    reason: str
    months: tuple[str, ...] = ()
    proposed_at: datetime
    changed_at: datetime
