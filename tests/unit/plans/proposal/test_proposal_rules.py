from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from services.plans.plan import rules as plans
from services.plans.plan.rules import PlanContent
from services.plans.proposal import rules
from services.plans.proposal.rules import ProposalState
from shared.contracts.plans import CustomPathPoint, PlanStrategy, PlanTargets, TargetPath
from shared.contracts.sync import ProposedTargets
from tests.unit.plans.plan.contents import contents


def content(**targets: Any) -> PlanContent:
    return PlanContent(PlanStrategy(vision="one"), plans.settled(PlanTargets(**targets)))


PLAN = content(target_mrr=Decimal(100), target_date=date(2026, 12, 31), expected_cac=Decimal(5))


def test_a_lower_mrr_takes_its_arr_with_it_and_leaves_the_rest() -> None:
    after = rules.accepted(PLAN, ProposedTargets(target_mrr=Decimal(80)))
    assert (after.targets.target_mrr, after.targets.target_arr) == (80, 960)
    assert [change.field for change in plans.changes_between(PLAN, after)] == [
        "targets.target_mrr",
        "targets.target_arr",
    ]


def test_an_arr_takes_its_mrr_with_it() -> None:
    assert rules.accepted(PLAN, ProposedTargets(target_arr=Decimal(960))).targets.target_mrr == 80


def test_a_later_date_leaves_the_numbers() -> None:
    after = rules.accepted(PLAN, ProposedTargets(target_date=date(2027, 6, 30)))
    assert [change.field for change in plans.changes_between(PLAN, after)] == ["targets.target_date"]


def test_another_path_takes_the_custom_one_away() -> None:
    points = (CustomPathPoint(month="2026-03", amount=Decimal(50)),)
    custom = content(
        target_mrr=Decimal(100), target_date=date(2026, 12, 31), path=TargetPath.CUSTOM, custom_path=points
    )
    after = rules.accepted(custom, ProposedTargets(target_mrr=Decimal(80), path=TargetPath.COMPOUND))
    assert (after.targets.path, after.targets.custom_path) == (TargetPath.COMPOUND, ())
    assert plans.objections(after) == []
    assert rules.accepted(custom, ProposedTargets(target_mrr=Decimal(80))).targets.custom_path == points


@settings(max_examples=40)
@given(contents)
def test_a_proposal_of_nothing_changes_nothing(plan: PlanContent) -> None:
    assert rules.accepted(plan, ProposedTargets()) == plan
    assert rules.superseded_by(plan, plan) == ()


def test_only_changes_of_the_path_supersede_it() -> None:
    other = PlanContent(PlanStrategy(vision="two"), PLAN.targets.model_copy(update={"expected_cac": Decimal(6)}))
    assert rules.superseded_by(PLAN, other) == ()
    moved = content(target_mrr=Decimal(90), target_date=date(2026, 12, 31))
    assert rules.superseded_by(PLAN, moved) == ("targets.target_mrr", "targets.target_arr")


@pytest.mark.parametrize(
    ("status", "decision", "superseding", "state", "actions"),
    [
        ("open", None, (), ProposalState.OPEN, ["accept", "decline"]),
        ("open", None, ("targets.target_mrr",), ProposalState.SUPERSEDED, ["decline"]),
        ("withdrawn", None, ("targets.target_mrr",), ProposalState.WITHDRAWN, []),
        ("withdrawn", "accepted", (), ProposalState.ACCEPTED, []),
        ("open", "declined", (), ProposalState.DECLINED, []),
    ],
)
def test_where_it_stands(
    status: str, decision: str | None, superseding: tuple[str, ...], state: ProposalState, actions: list[str]
) -> None:
    assert rules.state_of(status, decision, superseding) is state
    assert rules.allowed_actions(state) == actions
