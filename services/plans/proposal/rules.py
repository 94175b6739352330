"""What a proposal would change, and whether it still fits the plan."""

from enum import StrEnum
from typing import Any

from services.plans.plan.rules import PlanContent, settled
from shared.contracts.plans import TargetPath
from shared.contracts.sync import ProposalStatus, ProposedTargets


class ProposalState(StrEnum):
    """Where a proposal stands: superseded when the plan's targets changed since."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


_OF_THE_PATH = (
    "target_mrr",
    "target_arr",
    "target_customers",
    "target_date",
    "baseline_value",
    "baseline_date",
    "path",
    "custom_path",
)


def accepted(content: PlanContent, proposed: ProposedTargets) -> PlanContent:
    """The plan with the proposed targets; MRR and ARR imply each other unless both are proposed."""
    given: dict[str, Any] = {
        name: value for name in ProposedTargets.model_fields if (value := getattr(proposed, name)) is not None
    }
    if ("target_mrr" in given) != ("target_arr" in given):
        given["target_arr" if "target_mrr" in given else "target_mrr"] = None
    if given.get("path", TargetPath.CUSTOM) is not TargetPath.CUSTOM:
        given["custom_path"] = ()
    return PlanContent(content.strategy, settled(content.targets.model_copy(update=given)))


def superseded_by(proposed_for: PlanContent, current: PlanContent) -> tuple[str, ...]:
    """The fields of the path that changed since the version that the proposal is for."""
    return tuple(
        f"targets.{name}"
        for name in _OF_THE_PATH
        if getattr(proposed_for.targets, name) != getattr(current.targets, name)
    )


def state_of(status: str, decision: str | None, superseding: tuple[str, ...]) -> ProposalState:
    """What a person decided stands before all else, then what sync withdrew."""
    if decision is not None:
        return ProposalState(decision)
    if status == ProposalStatus.WITHDRAWN.value:
        return ProposalState.WITHDRAWN
    return ProposalState.SUPERSEDED if superseding else ProposalState.OPEN


def allowed_actions(state: ProposalState) -> list[str]:
    """What can be done about it."""
    if state is ProposalState.OPEN:
        return ["accept", "decline"]
    return ["decline"] if state is ProposalState.SUPERSEDED else []
