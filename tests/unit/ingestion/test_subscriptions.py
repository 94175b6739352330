from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.ingestion.stripe_object.rules.values import Malformed
from services.ingestion.subscription.rules.history import event_members
from services.ingestion.subscription.rules.reading import read_subscription
from tests.unit.ingestion.fold import Ledger
from tests.unit.ingestion.stripe_shapes import coupon, discount, event, item, price, subscription


def only_item(**members):
    [found] = read_subscription(subscription(items={"data": [item(**members)]}))["items"]
    return found


@pytest.mark.parametrize(
    ("given", "currency", "unit_amount"),
    [
        ({"unit_amount_decimal": "1000"}, "myr", "10"),
        ({"unit_amount_decimal": "0.123456789012", "unit_amount": None}, "usd", "0.00123456789"),
        ({"unit_amount_decimal": None, "unit_amount": 990}, "myr", "9.9"),
        ({"unit_amount_decimal": "1500"}, "jpy", "1500"),
        ({"unit_amount_decimal": "1500"}, "kwd", "1.5"),
        ({"unit_amount_decimal": None, "unit_amount": None}, "myr", None),
        ({"billing_scheme": "tiered", "unit_amount_decimal": None, "unit_amount": None}, "myr", None),
        ({"unit_amount_decimal": "0"}, "myr", "0"),
    ],
)
def test_unit_amounts_are_exact_major_units(given, currency, unit_amount):
    shown = subscription(currency=currency, items={"data": [item(price=price(**given))]})
    assert read_subscription(shown)["items"][0]["unit_amount"] == unit_amount


def test_plans_from_before_prices_are_read():
    plan = {"id": "plan_1", "amount": 2500, "interval": "year", "interval_count": 2, "usage_type": "metered"}
    found = only_item(price=None, plan=plan, quantity=None)
    assert found | {"tax": None} == {
        "item_id": "si_1",
        "price_id": "plan_1",
        "unit_amount": "25",
        "quantity": 1,
        "interval": "year",
        "interval_count": 2,
        "metered": True,
        "inclusive_tax_pct": "0",
        "tax": None,
    }
    oldest = subscription(items=None, plan=plan, quantity=4)
    [single] = read_subscription(oldest)["items"]
    assert (single["item_id"], single["quantity"]) == ("sub_1", 4)


@pytest.mark.parametrize(("rounding", "quantity"), [("up", 3), ("down", 2)])
def test_packages_divide_the_quantity(rounding, quantity):
    packaged = price(transform_quantity={"divide_by": 10, "round": rounding})
    assert only_item(price=packaged, quantity=25)["quantity"] == quantity


def test_only_inclusive_tax_rates_are_contained_in_the_price():
    rates = [{"inclusive": True, "percentage": 6.625}, {"inclusive": False, "percentage": 8.0}]
    assert only_item(tax_rates=rates)["inclusive_tax_pct"] == "6.625"
    shared = subscription(default_tax_rates=rates)
    assert read_subscription(shared)["items"][0]["inclusive_tax_pct"] == "6.625"


def test_the_period_stands_on_the_subscription_or_on_its_items():
    assert read_subscription(subscription(current_period_end=500))["current_period_end"] == 500
    items = {"data": [item(current_period_end=400), item("si_2", current_period_end=600)]}
    assert read_subscription(subscription(items=items))["current_period_end"] == 600


@pytest.mark.parametrize(
    ("members", "paused"),
    [({}, False), ({"pause_collection": {"behavior": "void"}}, True), ({"status": "paused"}, True)],
)
def test_paused_is_paused_collection_or_status(members, paused):
    assert read_subscription(subscription(**members))["paused"] is paused


@pytest.mark.parametrize("wrong", [{"items": 5}, {"status": None}, {"customer": 5}, {"discounts": [5]}])
def test_a_malformed_subscription_is_named(wrong):
    with pytest.raises(Malformed):
        read_subscription(subscription(**wrong))


def state(*events, second=100):
    return Ledger(events).states()["sub_1", second]


CREATED = "customer.subscription.created"


@pytest.mark.parametrize(
    "shown",
    [
        {"discount": discount()},
        {"discounts": [discount()]},
        {"discounts": [discount(coupon=None, source={"type": "coupon", "coupon": coupon()})]},
    ],
)
def test_discounts_inside_the_subscription_are_read_in_every_shape(shown):
    found = state(event(CREATED, subscription(**shown)))
    assert found["unresolved_discounts"] == []
    [only] = found["discounts"]
    assert (only["discount_id"], only["percent_off"], only["duration"], only["start"]) == ("di_1", "25", "forever", 50)


def test_a_discount_by_id_waits_for_its_discount_and_its_coupon():
    created = event(CREATED, subscription(discounts=["di_1"]))
    by_id = discount(coupon=None, source={"type": "coupon", "coupon": "SAVE"})
    told = event("customer.discount.created", by_id)
    assert state(created)["unresolved_discounts"] == ["di_1"]
    assert state(created, told)["unresolved_discounts"] == ["di_1"]
    for order in ([created, told], [told, created]):
        found = state(*order, event("coupon.created", coupon()))
        assert (found["unresolved_discounts"], len(found["discounts"])) == ([], 1)


def test_a_customers_discount_applies_unless_the_subscription_has_its_own():
    of_customer = event("customer.discount.created", discount("di_2", coupon=coupon(percent_off=10.0)))
    assert state(event(CREATED, subscription()), of_customer)["discounts"][0]["discount_id"] == "di_2"
    own = event(CREATED, subscription(discounts=[discount(subscription="sub_1")]))
    assert [each["discount_id"] for each in state(own, of_customer)["discounts"]] == ["di_1"]
    ended = event("customer.discount.deleted", discount("di_2"), 90)
    assert state(event(CREATED, subscription()), of_customer, ended)["discounts"] == []
    later = event("customer.discount.deleted", discount("di_2"), 150)
    assert state(event(CREATED, subscription()), of_customer, later)["discounts"][0]["end"] == 150


def test_an_amount_off_in_another_currency_stays_unresolved():
    amount = coupon(percent_off=None, amount_off=500, currency="usd")
    found = state(event(CREATED, subscription(discounts=[discount(coupon=amount)])))
    assert found["unresolved_discounts"] == ["di_1"]
    same = coupon(percent_off=None, amount_off=500, currency="myr")
    found = state(event(CREATED, subscription(discounts=[discount(coupon=same)])))
    assert found["discounts"][0]["amount_off"] == "5"


def test_discounts_of_single_items_count_only_where_there_is_one_item():
    one = subscription(items={"data": [item(discounts=[discount()])]})
    assert len(state(event(CREATED, one))["discounts"]) == 1
    two = subscription(items={"data": [item(discounts=[discount()]), item("si_2")]})
    assert state(event(CREATED, two))["unresolved_discounts"] == ["di_1"]


def test_every_second_is_a_state_of_its_own_and_deletion_outlasts_later_updates():
    events = [
        event(CREATED, subscription(status="trialing"), 100),
        event("customer.subscription.updated", subscription(), 200, previous={"status": "trialing"}),
        event("customer.subscription.updated", subscription(), 300, previous={"metadata": {}}),
        event("customer.subscription.deleted", subscription(status="canceled", ended_at=None), 300),
        event("customer.subscription.updated", subscription(), 400),
    ]
    for order in (events, events[::-1]):
        states = Ledger(order).states()
        statuses = [(second, each["status"], each["deleted"]) for (_, second), each in sorted(states.items())]
        assert statuses == [
            (100, "trialing", False),
            (200, "active", False),
            (300, "canceled", True),
            (400, "canceled", True),
        ]
        assert states["sub_1", 300]["ended_at"] == 300


def test_events_carry_exact_types():
    members = event_members(state(event(CREATED, subscription(discounts=[discount(end=200)], trial_end=300))))
    assert members["trial_end"] == datetime.fromtimestamp(300, UTC)
    assert members["items"][0]["unit_amount"] == Decimal(10)
    assert members["discounts"][0]["end"] == datetime.fromtimestamp(200, UTC)
