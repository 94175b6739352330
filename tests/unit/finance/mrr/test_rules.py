import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.finance.mrr.rules import item_mrr, item_parts, recurring_revenue
from services.finance.policy.rules import DEFAULT_POLICY, CountedDiscounts, MetricPolicy, WeekFactor
from shared.contracts.ingestion import SubscriptionItem
from shared.kernel.money import quantize
from tests.unit.finance.factories import at, discount, item

NOW = at("2026-03-10T12:00")
VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "mrr_items.json").read_text())["cases"]


def mrr(items, discounts=(), when=NOW, policy=DEFAULT_POLICY):
    return recurring_revenue(items, discounts, when, policy)


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["expect"])
def test_the_specs_examples(case):
    items = [
        item(
            line["unit"], line["interval"], interval_count=line["count"], quantity=line["quantity"], item_id=str(place)
        )
        for place, line in enumerate(case["items"])
    ]
    assert quantize(mrr(items), 2) == Decimal(case["expect"])


def test_a_day_is_365_twelfths_of_a_month():
    assert mrr([item("12", "day")]) == Decimal("365.000000")


@pytest.mark.parametrize(
    "ignored",
    [item("100", None), item("100", metered=True), item(None), item("100", "month", interval_count=0)],
    ids=["one-time", "metered", "tiered", "no period"],
)
def test_what_does_not_recur_at_a_known_price_has_no_mrr(ignored):
    assert mrr([ignored, item("40", item_id="si_2")]) == Decimal("40.000000")


def test_inclusive_tax_is_taken_out_first():
    taxed = item("108", inclusive_tax_pct=Decimal(8))
    assert mrr([taxed]) == Decimal("100.000000")
    assert mrr([taxed], [discount(percent_off=Decimal(50))]) == Decimal("50.000000")


def test_twelve_decimals_of_a_unit_price_survive():
    assert mrr([item("0.000000000001", quantity=10**9)]) == Decimal("0.001000")


@pytest.mark.parametrize(("duration", "expected"), [("forever", "75"), ("repeating", "75"), ("once", "100")])
def test_percent_discounts_lower_it_unless_they_apply_once(duration, expected):
    assert mrr([item()], [discount(percent_off=Decimal(25), duration=duration)]) == Decimal(expected)


def test_a_discount_counts_from_its_start_until_just_before_its_end():
    half = discount(percent_off=Decimal(50), start=NOW, end=NOW + timedelta(hours=1))
    found = [mrr([item()], [half], NOW + timedelta(minutes=minutes)) for minutes in (-1, 0, 59, 60)]
    assert found == [Decimal(100), Decimal(50), Decimal(50), Decimal(100)]


def test_discounts_apply_one_after_the_other():
    percent, fixed = discount(percent_off=Decimal(50)), discount(amount_off=Decimal(10))
    assert mrr([item()], [percent, fixed]) == Decimal(40)
    assert mrr([item()], [fixed, percent]) == Decimal(45)


def test_a_fixed_discount_is_divided_by_the_months_of_its_item():
    assert mrr([item("1200", "year")], [discount(amount_off=Decimal(120))]) == Decimal(90)
    assert mrr([item("300", "month", interval_count=3)], [discount(amount_off=Decimal(30))]) == Decimal(90)


def test_a_fixed_discount_is_shared_over_the_items_by_mrr():
    items = [item("100", item_id="a"), item("2400", "year", item_id="b"), item("50", None, item_id="c")]
    parts = item_parts(items, [discount(amount_off=Decimal(30))], NOW, DEFAULT_POLICY)
    # 100 and 200 a month: shares of 10 and 20, the yearly one spread over 12 months
    assert [quantize(part, 6) for part in parts] == [Decimal(90), Decimal("198.333333"), Decimal(0)]


def test_no_discount_takes_mrr_below_zero():
    assert mrr([item("10")], [discount(amount_off=Decimal(25))]) == Decimal(0)
    assert mrr([item("10")], [discount(percent_off=Decimal(100)), discount(amount_off=Decimal(5))]) == Decimal(0)


def test_another_policy_gives_another_figure():
    weekly = [item("10", "week")]
    assert mrr(weekly, policy=MetricPolicy(2, week_factor=WeekFactor.FOUR)) == Decimal(40)
    assert mrr(weekly, policy=MetricPolicy(2, week_factor=WeekFactor.FOUR_POINT_THIRTY_THREE)) == Decimal("43.3")
    repeating = [discount(percent_off=Decimal(50), duration="repeating")]
    assert mrr([item()], repeating, policy=MetricPolicy(2, discounts=CountedDiscounts.FOREVER)) == Decimal(100)
    assert mrr([item()], repeating, policy=MetricPolicy(2, discounts=CountedDiscounts.NONE)) == Decimal(100)


def test_a_policy_survives_its_storage():
    policy = MetricPolicy(7, week_factor=WeekFactor.FOUR, discounts=CountedDiscounts.NONE)
    assert MetricPolicy.of(7, policy.settings) == policy


def _items() -> st.SearchStrategy[list[SubscriptionItem]]:
    one = st.builds(
        item,
        unit=st.decimals(0, 10**6, places=2).map(str),
        interval=st.sampled_from(["day", "week", "month", "year", None]),
        interval_count=st.integers(1, 36),
        quantity=st.integers(0, 500),
        metered=st.booleans(),
        inclusive_tax_pct=st.sampled_from([Decimal(0), Decimal(6), Decimal("8.1")]),
    )
    return st.lists(one, max_size=5).map(
        lambda found: [line.model_copy(update={"item_id": f"si_{place}"}) for place, line in enumerate(found)]
    )


def _discounts():
    return st.lists(
        st.one_of(
            st.decimals(0, 100, places=2).map(lambda percent: discount(percent_off=percent)),
            st.decimals(0, 10**5, places=2).map(lambda amount: discount(amount_off=amount)),
        ),
        max_size=3,
    )


@given(_items(), _discounts())
def test_discounts_only_lower_and_never_below_zero(items, discounts):
    assert 0 <= mrr(items, discounts) <= mrr(items)


@given(_items(), _discounts(), st.randoms())
def test_the_order_of_items_does_not_matter(items, discounts, random):
    shuffled = random.sample(items, len(items))
    assert mrr(shuffled, discounts) == mrr(items, discounts)


@given(_items(), st.decimals(0, 10**4, places=2))
def test_a_fixed_discount_on_one_interval_is_its_monthly_amount(items, amount):
    monthly_items = [line.model_copy(update={"interval": "month", "interval_count": 1}) for line in items]
    before = mrr(monthly_items)
    after = mrr(monthly_items, [discount(amount_off=amount)])
    assert abs(after - max(Decimal(0), before - amount)) <= Decimal("0.000001") * (len(items) + 1)


@given(_items())
def test_a_yearly_price_is_worth_a_twelfth(items):
    for line in items:
        yearly = line.model_copy(update={"interval": "year", "interval_count": 1})
        monthly_line = line.model_copy(update={"interval": "month", "interval_count": 12})
        assert item_mrr(yearly, DEFAULT_POLICY) == item_mrr(monthly_line, DEFAULT_POLICY)
