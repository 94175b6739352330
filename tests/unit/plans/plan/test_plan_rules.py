from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.plans.plan import rules
from services.plans.plan.rules import PlanContent
from shared.contracts.plans import CustomPathPoint, PlanStatus, PlanStrategy, PlanTargets, TargetPath

amounts = st.decimals(min_value=0, max_value=Decimal(7500000000000), places=6, allow_nan=False)
some_text = st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
strategies = st.builds(
    PlanStrategy,
    vision=st.none() | some_text,
    gtm_strategy=st.none() | some_text,
    key_features=st.lists(some_text, max_size=3).map(tuple),
    problem_score=st.none() | st.integers(0, 10),
    market_tam=st.none() | amounts,
)
targets_given = st.builds(
    PlanTargets,
    target_mrr=st.none() | amounts,
    target_customers=st.none() | st.integers(0, 10**6),
    target_date=st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    expected_cac=st.none() | amounts,
    expected_ltv=st.none() | amounts,
)
contents = st.builds(PlanContent, strategies, targets_given.map(rules.settled))


def full_plan(**changed: Any) -> PlanContent:
    strategy = PlanStrategy(
        **{
            name: "text"
            for name, field in PlanStrategy.model_fields.items()
            if field.annotation == (str | None) and name not in {"tagline", "one_line_pitch"}
        },
        key_features=("one",),
        problem_score=8,
        opportunity_score=7,
        feasibility_score=9,
        willingness_to_pay_score=6,
        market_tam=Decimal(3),
        market_sam=Decimal(2),
        market_som=Decimal(1),
    )
    targets = rules.settled(PlanTargets(target_mrr=Decimal(100_000), target_date=date(2026, 12, 31)))
    return PlanContent(strategy.model_copy(update=changed), targets)


def fields_refused(targets: PlanTargets, strategy: PlanStrategy | None = None) -> list[str]:
    errors = rules.objections(PlanContent(strategy or PlanStrategy(), rules.settled(targets)))
    return [".".join(error["loc"][1:]) for error in errors]


class TestCompleteness:
    def test_an_empty_plan_is_a_draft_at_nothing(self) -> None:
        complete = rules.completeness(rules.EMPTY)
        assert complete.pct == 0
        assert rules.status_of(complete) is PlanStatus.DRAFT

    def test_all_required_sections_and_targets_make_it_complete(self) -> None:
        complete = rules.completeness(full_plan())
        assert complete.pct == 100
        assert rules.status_of(complete) is PlanStatus.COMPLETE
        assert next(section for section in complete.sections if section.name == "pitch").pct == 0

    @pytest.mark.parametrize("field", ["moat", "problem_score", "market_som", "ask"])
    def test_one_missing_field_makes_it_a_draft(self, field: str) -> None:
        complete = rules.completeness(full_plan(**{field: None}))
        assert rules.status_of(complete) is PlanStatus.DRAFT
        assert [f"strategy.{field}"] == [
            name for section in complete.sections if section.required for name in section.missing
        ]

    def test_blank_text_counts_as_missing_and_a_score_of_zero_does_not(self) -> None:
        assert rules.status_of(rules.completeness(full_plan(vision=" \n"))) is PlanStatus.DRAFT
        assert rules.status_of(rules.completeness(full_plan(problem_score=0))) is PlanStatus.COMPLETE

    def test_a_section_is_the_share_of_its_fields(self) -> None:
        content = PlanContent(PlanStrategy(market="big", market_tam=Decimal(5)), rules.EMPTY.targets)
        market = next(section for section in rules.completeness(content).sections if section.name == "market")
        assert market.pct == 40
        assert market.missing == ("strategy.market_sam", "strategy.market_som", "strategy.opportunity_score")

    def test_every_section_names_fields_that_exist(self) -> None:
        known = {name for name, _ in rules.EMPTY.values()}
        assert {field for section in rules.SECTIONS for field in section.fields} <= known

    @given(contents)
    def test_complete_is_exactly_one_hundred_percent(self, content: PlanContent) -> None:
        complete = rules.completeness(content)
        assert 0 <= complete.pct <= 100
        assert (complete.pct == 100) == (rules.status_of(complete) is PlanStatus.COMPLETE)


class TestStatus:
    @pytest.mark.parametrize(
        ("missing", "said", "status"),
        [
            (None, {}, PlanStatus.COMPLETE),
            ("moat", {}, PlanStatus.DRAFT),
            (None, {"investor_ready": True}, PlanStatus.INVESTOR_READY),
            ("moat", {"investor_ready": True}, PlanStatus.DRAFT),
            (None, {"archived": True}, PlanStatus.ARCHIVED),
            ("moat", {"archived": True}, PlanStatus.ARCHIVED),
        ],
    )
    def test_follows_from_what_is_missing_and_what_people_said(
        self, missing: str | None, said: dict[str, bool], status: PlanStatus
    ) -> None:
        complete = rules.completeness(full_plan(**({missing: None} if missing else {})))
        assert rules.status_of(complete, **said) is status

    @pytest.mark.parametrize("target", ["target_mrr", "target_date"])
    def test_targets_are_required_too(self, target: str) -> None:
        plan = full_plan()
        without = PlanContent(plan.strategy, plan.targets.model_copy(update={target: None}))
        assert rules.completeness(without).missing == (f"targets.{target}",)


class TestPofw:
    def test_is_the_sum_of_four_scores(self) -> None:
        assert rules.pofw_score(full_plan().strategy) == 30

    @pytest.mark.parametrize(
        "missing", ["problem_score", "opportunity_score", "feasibility_score", "willingness_to_pay_score"]
    )
    def test_is_nothing_until_all_four_are_set(self, missing: str) -> None:
        assert rules.pofw_score(full_plan(**{missing: None}).strategy) is None

    def test_zeros_count(self) -> None:
        zeros = dict.fromkeys(
            ["problem_score", "opportunity_score", "feasibility_score", "willingness_to_pay_score"], 0
        )
        assert rules.pofw_score(full_plan(**zeros).strategy) == 0


class TestImpliedTargets:
    def test_arr_alone_implies_mrr(self) -> None:
        targets = rules.settled(PlanTargets(target_arr=Decimal(1_200_000)))
        assert str(targets.target_mrr) == "100000.00"

    def test_arr_that_twelve_does_not_divide_keeps_six_decimals(self) -> None:
        targets = rules.settled(PlanTargets(target_arr=Decimal(100_000)))
        assert str(targets.target_mrr) == "8333.333333"
        assert fields_refused(PlanTargets(target_arr=Decimal(100_000), target_date=date(2026, 1, 1))) == []

    def test_mrr_alone_implies_arr(self) -> None:
        assert rules.settled(PlanTargets(target_mrr=Decimal("12450.30"))).target_arr == Decimal("149403.60")

    def test_given_values_are_kept(self) -> None:
        given_both = PlanTargets(target_mrr=Decimal(100), target_arr=Decimal(1201))
        assert rules.settled(given_both).target_arr == 1201

    def test_ltv_cac_defaults_to_the_quotient(self) -> None:
        assert rules.settled(
            PlanTargets(expected_ltv=Decimal(1000), expected_cac=Decimal(300))
        ).expected_ltv_cac == Decimal("3.3333")
        assert rules.settled(PlanTargets(expected_ltv=Decimal(1000), expected_cac=Decimal(0))).expected_ltv_cac is None
        stated = PlanTargets(expected_ltv=Decimal(1000), expected_cac=Decimal(300), expected_ltv_cac=Decimal(3))
        assert rules.settled(stated).expected_ltv_cac == 3

    def test_salary_growth_defaults_to_five_percent_a_month(self) -> None:
        assert rules.settled(PlanTargets()).salary_growth == Decimal("0.05")
        assert rules.settled(PlanTargets(salary_growth=Decimal(0))).salary_growth == 0

    @given(targets_given)
    def test_settling_again_changes_nothing_and_mrr_and_arr_come_together(self, targets: PlanTargets) -> None:
        once = rules.settled(targets)
        assert rules.settled(once) == once
        assert (once.target_mrr is None) == (once.target_arr is None)


class TestObjections:
    DATE = date(2026, 12, 31)

    @pytest.mark.parametrize(
        ("mrr", "arr", "agree"),
        [
            ("100000", "1200000", True),
            ("100000", "1212121.212121", True),
            ("100000", "1212122", False),
            ("100000", "1188000", True),
            ("100000", "1187999", False),
            ("0", "0", True),
            ("0", "1", False),
            ("1", "0", False),
        ],
    )
    def test_arr_and_mrr_agree_within_one_percent(self, mrr: str, arr: str, agree: bool) -> None:
        targets = PlanTargets(target_mrr=Decimal(mrr), target_arr=Decimal(arr), target_date=self.DATE)
        assert fields_refused(targets) == ([] if agree else ["targets.target_arr"])

    @pytest.mark.parametrize(
        "promise", [{"target_mrr": Decimal(1)}, {"target_arr": Decimal(1)}, {"target_customers": 1}]
    )
    def test_a_target_needs_its_date(self, promise: dict[str, Any]) -> None:
        assert fields_refused(PlanTargets(**promise)) == ["targets.target_date"]
        assert fields_refused(PlanTargets(**promise, target_date=self.DATE)) == []

    def test_assumptions_need_no_date(self) -> None:
        assert fields_refused(PlanTargets(expected_burn_rate=Decimal(1))) == []

    @pytest.mark.parametrize(
        ("baseline", "refused"), [((2026, 12, 30), False), ((2026, 12, 31), True), ((2027, 1, 1), True)]
    )
    def test_the_target_lies_after_the_baseline(self, baseline: tuple[int, int, int], refused: bool) -> None:
        targets = PlanTargets(target_mrr=Decimal(1), target_date=self.DATE, baseline_date=date(*baseline))
        assert fields_refused(targets) == (["targets.target_date"] if refused else [])

    @pytest.mark.parametrize(
        ("path", "months", "refused"),
        [
            (TargetPath.CUSTOM, ["2026-01", "2026-03"], []),
            (TargetPath.CUSTOM, [], ["targets.custom_path"]),
            (TargetPath.CUSTOM, ["2026-03", "2026-01"], ["targets.custom_path"]),
            (TargetPath.CUSTOM, ["2026-01", "2026-01"], ["targets.custom_path"]),
            (TargetPath.LINEAR, ["2026-01"], ["targets.custom_path"]),
            (None, ["2026-01"], ["targets.custom_path"]),
            (TargetPath.COMPOUND, [], []),
        ],
    )
    def test_custom_paths(self, path: TargetPath | None, months: list[str], refused: list[str]) -> None:
        points = tuple(CustomPathPoint(month=month, amount=Decimal(1)) for month in months)
        targets = PlanTargets(target_mrr=Decimal(9), target_date=self.DATE, path=path, custom_path=points)
        assert fields_refused(targets) == refused

    def test_a_custom_path_leads_to_an_mrr(self) -> None:
        points = (CustomPathPoint(month="2026-01", amount=Decimal(1)),)
        assert fields_refused(PlanTargets(path=TargetPath.CUSTOM, custom_path=points)) == ["targets.target_mrr"]

    def test_texts_have_a_common_limit(self) -> None:
        half = "x" * (rules.TEXT_LIMIT_BYTES // 2)
        assert fields_refused(PlanTargets(), PlanStrategy(vision=half, moat=half)) == []
        assert fields_refused(PlanTargets(), PlanStrategy(vision=half, moat=half, ask="x")) == ["strategy"]
        assert fields_refused(PlanTargets(), PlanStrategy(vision=half, moat=half, key_features=("x",))) == ["strategy"]

    def test_the_limit_counts_bytes_of_json(self) -> None:
        assert fields_refused(PlanTargets(), PlanStrategy(vision="\n" * (rules.TEXT_LIMIT_BYTES // 2))) == []
        assert fields_refused(PlanTargets(), PlanStrategy(vision="\n" * (rules.TEXT_LIMIT_BYTES // 2 + 1))) == [
            "strategy"
        ]

    def test_an_absurd_yearly_target_is_refused(self) -> None:
        assert fields_refused(PlanTargets(target_mrr=rules.AMOUNT_LIMIT, target_date=self.DATE)) == [
            "targets.target_arr"
        ]


class TestChanges:
    def test_name_the_field_with_old_and_new(self) -> None:
        after = PlanContent(PlanStrategy(vision="new"), rules.settled(PlanTargets(target_mrr=Decimal("5.00"))))
        changes = {change.field: (change.old, change.new) for change in rules.changes_between(rules.EMPTY, after)}
        assert changes == {
            "strategy.vision": (None, "new"),
            "targets.target_mrr": (None, "5.00"),
            "targets.target_arr": (None, "60.00"),
        }

    def test_the_same_amount_written_otherwise_is_no_change(self) -> None:
        one = PlanContent(PlanStrategy(), PlanTargets(target_mrr=Decimal(5), expected_growth_rate=Decimal("0.05")))
        other = PlanContent(
            PlanStrategy(), PlanTargets(target_mrr=Decimal("5.00"), expected_growth_rate=Decimal("0.0500"))
        )
        assert rules.changes_between(one, other) == ()

    @pytest.mark.parametrize(
        ("strategy", "targets", "financial"),
        [
            ({"vision": "x"}, {}, False),
            ({"gtm_strategy": "x"}, {}, True),
            ({}, {"target_customers": 5}, True),
            ({}, {"expected_cac": Decimal(1)}, True),
            ({}, {"path": TargetPath.LINEAR}, True),
            ({}, {}, False),
        ],
    )
    def test_financial_ones(self, strategy: dict[str, Any], targets: dict[str, Any], financial: bool) -> None:
        after = PlanContent(PlanStrategy(**strategy), rules.settled(PlanTargets(**targets)))
        assert rules.is_financial(rules.changes_between(rules.EMPTY, after)) is financial

    @given(contents, contents)
    def test_are_none_exactly_between_equals(self, one: PlanContent, other: PlanContent) -> None:
        assert rules.changes_between(one, one) == ()
        assert (rules.changes_between(one, other) == ()) == (one == other)
        forth, back = rules.changes_between(one, other), rules.changes_between(other, one)
        assert [change.field for change in forth] == [change.field for change in back]

    @given(contents, contents)
    def test_applied_to_the_old_give_the_new(self, one: PlanContent, other: PlanContent) -> None:
        merged = one.as_json() | {change.field: change.new for change in rules.changes_between(one, other)}
        again = {
            part: {field.partition(".")[2]: value for field, value in merged.items() if field.startswith(part)}
            for part in ("strategy", "targets")
        }
        rebuilt = PlanContent(
            PlanStrategy.model_validate(again["strategy"]), PlanTargets.model_validate(again["targets"])
        )
        assert rules.changes_between(rebuilt, other) == ()

    def test_travel_shortened(self) -> None:
        long = "\u0001" * 10_000
        after = PlanContent(PlanStrategy(vision=long, moat="short"), rules.EMPTY.targets)
        changes = {change.field: change for change in rules.shortened(rules.changes_between(rules.EMPTY, after))}
        assert changes["strategy.moat"].new == "short"
        assert len(changes["strategy.vision"].model_dump_json()) < rules.CHANGE_LIMIT_BYTES
        assert changes["strategy.vision"].new.endswith("...")


class TestDivergence:
    def test_says_who_changed_what(self) -> None:
        base = full_plan()
        theirs = full_plan(vision="theirs", moat="same", team="theirs")
        mine = full_plan(vision="mine", moat="same", ask="mine")
        diverged = rules.divergence(base, theirs, mine)
        assert [change.field for change in diverged.they_changed] == [
            "strategy.vision",
            "strategy.moat",
            "strategy.team",
        ]
        assert [change.field for change in diverged.you_changed] == ["strategy.vision", "strategy.moat", "strategy.ask"]
        assert diverged.conflicting == ("strategy.vision",)

    @given(contents, contents)
    def test_without_another_s_change_nothing_conflicts(self, base: PlanContent, mine: PlanContent) -> None:
        assert rules.divergence(base, base, mine).conflicting == ()


def test_the_greatest_plan_makes_an_event_under_half_a_megabyte() -> None:
    names = [name for name, field in PlanStrategy.model_fields.items() if field.annotation == (str | None)]
    each = rules.TEXT_LIMIT_BYTES // len(names)
    before = PlanContent(PlanStrategy(**dict.fromkeys(names, "a" * each)), rules.EMPTY.targets)
    points = tuple(
        CustomPathPoint(month=f"{2000 + n // 12}-{n % 12 + 1:02}", amount=rules.AMOUNT_LIMIT) for n in range(240)
    )
    after = PlanContent(PlanStrategy(**dict.fromkeys(names, "b" * each)), PlanTargets(custom_path=points))
    parts = [after.strategy, after.targets, *rules.shortened(rules.changes_between(before, after))]
    assert sum(len(part.model_dump_json()) for part in parts) < 500 * 1024
