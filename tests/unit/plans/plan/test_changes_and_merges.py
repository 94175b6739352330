from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from services.plans.plan import rules
from services.plans.plan.rules import PlanContent
from shared.contracts.plans import CustomMetricTarget, PlanStrategy, PlanTargets
from tests.unit.plans.plan.contents import contents, targets

DAY = date(2026, 12, 31)


def content(strategy: dict[str, Any] | None = None, **targets_given: Any) -> PlanContent:
    return PlanContent(PlanStrategy(**(strategy or {})), rules.settled(PlanTargets(**targets_given)))


def metric(key: str, target: int = 1) -> CustomMetricTarget:
    return CustomMetricTarget(key=key, name=key, target=Decimal(target))


class TestDiff:
    @settings(max_examples=40)
    @given(contents, contents)
    def test_applied_to_the_old_it_gives_the_new(self, one: PlanContent, other: PlanContent) -> None:
        assert rules.applied(one, rules.changes_between(one, other)) == other

    @settings(max_examples=40)
    @given(contents)
    def test_a_content_is_its_fields(self, one: PlanContent) -> None:
        assert PlanContent.of_values(dict(one.values())) == one
        assert PlanContent.of_values(one.as_json()) == one

    def test_a_custom_metric_is_one_field(self) -> None:
        before = content(custom_metrics=(metric("churn"), metric("nps")))
        after = content(custom_metrics=(metric("nps", 2), metric("seats")))
        changes = rules.changes_between(before, after)
        assert [(change.field, change.old is None, change.new is None) for change in changes] == [
            ("targets.custom_metrics.nps", False, False),
            ("targets.custom_metrics.seats", True, False),
            ("targets.custom_metrics.churn", False, True),
        ]
        assert rules.is_financial(changes)


class TestImplied:
    @given(targets)
    def test_what_is_implied_can_be_left_out_and_comes_back(self, settled: PlanTargets) -> None:
        assert rules.settled(rules.bare(settled)) == settled

    def test_what_a_person_said_stays(self) -> None:
        said = rules.settled(PlanTargets(target_mrr=Decimal(100), target_arr=Decimal(1206)))
        assert rules.bare(said).target_arr == 1206
        assert rules.bare(said).target_mrr == 100


class TestMerge:
    @settings(max_examples=40)
    @given(contents, contents)
    def test_one_who_changed_nothing_takes_the_others_changes(self, base: PlanContent, other: PlanContent) -> None:
        mine_only, theirs_only = rules.divergence(base, base, other), rules.divergence(base, other, base)
        assert (mine_only.merged, mine_only.conflicts) == (other, ())
        assert (theirs_only.merged, theirs_only.conflicts) == (other, ())
        both_alike = rules.divergence(base, other, other)
        assert (both_alike.merged, both_alike.conflicts) == (other, ())

    @settings(max_examples=40)
    @given(contents, contents, contents)
    def test_without_conflicts_it_does_not_matter_who_saved_first(
        self, base: PlanContent, one: PlanContent, other: PlanContent
    ) -> None:
        forth, back = rules.divergence(base, one, other), rules.divergence(base, other, one)
        assert set(forth.conflicting) == set(back.conflicting)
        if not forth.conflicts:
            assert forth.merged == back.merged

    @settings(max_examples=40)
    @given(contents, contents, contents)
    def test_conflicts_stand_as_they_have_them_and_name_all_three(
        self, base: PlanContent, theirs: PlanContent, mine: PlanContent
    ) -> None:
        diverged = rules.divergence(base, theirs, mine)
        merged, they = diverged.merged.as_json(), theirs.as_json()
        for conflict in diverged.conflicts:
            assert conflict.theirs != conflict.yours
            if conflict.theirs is not None:
                assert merged[conflict.field] == they[conflict.field]
        assert not set(diverged.mergeable) & set(diverged.conflicting)

    def test_different_fields_merge_and_the_same_one_conflicts(self) -> None:
        base = content({"vision": "one", "moat": "deep"})
        theirs = content({"vision": "theirs", "moat": "deep", "team": "us"})
        mine = content({"vision": "mine", "moat": "deeper"})
        diverged = rules.divergence(base, theirs, mine)
        (conflict,) = diverged.conflicts
        assert (conflict.field, conflict.base, conflict.theirs, conflict.yours) == (
            "strategy.vision",
            "one",
            "theirs",
            "mine",
        )
        assert diverged.mergeable == ("strategy.moat",)
        strategy = diverged.merged.strategy
        assert (strategy.vision, strategy.moat, strategy.team) == ("theirs", "deeper", "us")

    def test_cac_of_one_and_ltv_of_another_agree_on_their_quotient(self) -> None:
        base = content(expected_cac=Decimal(300), expected_ltv=Decimal(900))
        theirs = content(expected_cac=Decimal(200), expected_ltv=Decimal(900))
        mine = content(expected_cac=Decimal(300), expected_ltv=Decimal(1000))
        diverged = rules.divergence(base, theirs, mine)
        assert diverged.conflicts == ()
        assert diverged.merged.targets.expected_ltv_cac == 5

    def test_mrr_is_one_conflict_and_not_two(self) -> None:
        base, theirs, mine = (content(target_mrr=Decimal(mrr), target_date=DAY) for mrr in (100, 200, 300))
        diverged = rules.divergence(base, theirs, mine)
        assert diverged.conflicting == ("targets.target_mrr",)
        assert diverged.merged.targets.target_arr == 2400

    def test_two_who_add_custom_metrics_both_have_them(self) -> None:
        diverged = rules.divergence(
            content(), content(custom_metrics=(metric("nps"),)), content(custom_metrics=(metric("churn"),))
        )
        assert [one.key for one in diverged.merged.targets.custom_metrics] == ["churn", "nps"]

    def test_parts_that_do_not_fit_together_are_named(self) -> None:
        base = content(target_mrr=Decimal(100), target_date=DAY)
        theirs = content(target_mrr=Decimal(200), target_date=DAY)
        mine = content(target_mrr=Decimal(100), target_arr=Decimal(1206), target_date=DAY)
        diverged = rules.divergence(base, theirs, mine)
        assert diverged.conflicts == ()
        assert [error["loc"][-1] for error in rules.objections(diverged.merged)] == ["target_arr"]


def fields_refused(custom: CustomMetricTarget, **given: Any) -> list[str]:
    errors = rules.objections(content(custom_metrics=(custom,), **given))
    return [".".join(error["loc"][1:]) for error in errors]


class TestCustomMetrics:
    @pytest.mark.parametrize(
        ("given", "refused"),
        [
            ({}, []),
            ({"target": Decimal(5)}, ["target_date"]),
            ({"target": Decimal(5), "target_date": DAY}, []),
            ({"target": Decimal(5), "target_date": DAY, "baseline_date": DAY}, ["target_date"]),
            ({"target_date": DAY}, ["target"]),
            ({"target": Decimal(5), "target_date": DAY, "path": "custom"}, ["custom_path"]),
            ({"key": "mrr"}, ["key"]),
        ],
    )
    def test_what_is_refused(self, given: dict[str, Any], refused: list[str]) -> None:
        custom = CustomMetricTarget.model_validate({"key": "churn", "name": "Churn"} | given)
        assert fields_refused(custom) == [f"targets.custom_metrics.{custom.key}.{field}" for field in refused]

    def test_the_plans_date_is_the_default(self) -> None:
        assert fields_refused(metric("churn"), target_date=DAY) == []

    def test_keys_are_unique(self) -> None:
        twice = content(custom_metrics=(metric("churn"), metric("churn", 2)), target_date=DAY)
        assert [error["loc"][-1] for error in rules.objections(twice)] == ["key"]


class TestCompletenessGrows:
    @settings(max_examples=40)
    @given(contents, contents)
    def test_filling_a_field_in_never_lowers_it(self, one: PlanContent, other: PlanContent) -> None:
        """Whatever of another plan fills an empty field: no section and no total goes down."""
        empty = {field for field, value in one.values() if value is None or value == ()}
        filled = PlanContent.of_values(
            dict(one.values()) | {field: value for field, value in other.values() if field in empty}
        )
        before, after = rules.completeness(one), rules.completeness(filled)
        assert after.pct >= before.pct
        for old, new in zip(before.sections, after.sections, strict=True):
            assert new.pct >= old.pct
