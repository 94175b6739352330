from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.finance.revenue.rules import NOTHING, Revenue, RevenueDay, changed_days, on_day, revenue_changes
from services.finance.subscription.rules import FOREVER, Span, Standing, SubscriptionState
from tests.unit.finance.factories import VENTURE, at, day

FIRST = date(2026, 1, 1)


def span(begins, ends=None, *, mrr="100", customer="c", venture=VENTURE, currency="MYR"):
    standing = Standing(venture, None, customer, currency, SubscriptionState.ACTIVE, Decimal(mrr))
    return Span(day(begins), FOREVER if ends is None else day(ends), standing, at("2026-01-01"))


def days_of(*spans, venture=VENTURE):
    changes = revenue_changes([], list(spans), []).get(venture, {})
    return changed_days([], changes, NOTHING)


def shown(days):
    return [
        (str(kept.day), {name: int(mrr) for name, mrr in kept.revenue.mrr.items()}, kept.revenue.customers)
        for kept in days
    ]


def test_subscriptions_of_one_customer_add_up_and_count_once():
    days = days_of(span("2026-01-05"), span("2026-02-01", mrr="50"), span("2026-02-01", mrr="7", customer="d"))
    assert shown(days) == [("2026-01-05", {"MYR": 100}, 1), ("2026-02-01", {"MYR": 157}, 2)]


def test_a_customer_counts_on_when_one_subscription_follows_the_other():
    days = days_of(span("2026-01-05", "2026-02-01"), span("2026-02-01", mrr="50"))
    assert shown(days) == [("2026-01-05", {"MYR": 100}, 1), ("2026-02-01", {"MYR": 50}, 1)]


def test_a_day_without_a_difference_is_not_kept():
    days = days_of(span("2026-01-05"), span("2026-02-01", customer="d"), span("2026-01-20", "2026-02-01", customer="e"))
    assert shown(days) == [("2026-01-05", {"MYR": 100}, 1), ("2026-01-20", {"MYR": 200}, 2)]


def test_currencies_are_never_added():
    days = days_of(span("2026-01-05"), span("2026-01-05", mrr="30", currency="USD"))
    assert shown(days) == [("2026-01-05", {"MYR": 100, "USD": 30}, 1)]
    assert days[0].revenue.in_currency("MYR") == 100
    assert days[0].revenue.unconverted("MYR") == {"USD": Decimal(30)}


def test_a_fact_without_a_venture_belongs_to_none():
    assert revenue_changes([], [span("2026-01-05", venture=None)], []) == {}


def test_moving_a_subscription_touches_both_ventures():
    old, new = [span("2026-01-05")], [span("2026-01-05", venture=UUID(int=2))]
    changes = revenue_changes(old, new, [])
    taken = {day("2026-01-05"): Revenue({"MYR": Decimal(-100)}, -1)}
    assert changes == {VENTURE: taken, UUID(int=2): {day("2026-01-05"): Revenue({"MYR": Decimal(100)}, 1)}}


_spans = st.lists(
    st.builds(
        lambda begins, lasts, mrr, customer, venture, currency: Span(
            FIRST + timedelta(days=begins),
            FOREVER if lasts is None else FIRST + timedelta(days=begins + lasts),
            Standing(venture, None, customer, currency, SubscriptionState.ACTIVE, Decimal(mrr)),
            at("2026-01-01"),
        ),
        begins=st.integers(0, 40),
        lasts=st.one_of(st.none(), st.integers(1, 40)),
        mrr=st.integers(0, 3),
        customer=st.sampled_from("ab"),
        venture=st.sampled_from([None, VENTURE, UUID(int=2)]),
        currency=st.sampled_from(["MYR", "USD"]),
    ),
    max_size=5,
)


def by_brute_force(spans, venture, at_day):
    there = [one for one in spans if one.standing.venture_id == venture and one.day <= at_day < one.until]
    mrr = {}
    for one in there:
        mrr[one.standing.currency] = mrr.get(one.standing.currency, Decimal(0)) + one.standing.mrr
    paying = {one.standing.customer for one in there if one.standing.mrr > 0}
    return Revenue({name: amount for name, amount in sorted(mrr.items()) if amount}, len(paying))


@given(_spans, _spans, _spans)
def test_replacing_some_spans_gives_what_counting_everything_again_gives(before, after, untouched):
    for venture in (VENTURE, UUID(int=2)):
        known = changed_days([], revenue_changes([], [*before, *untouched], []).get(venture, {}), NOTHING)
        changes = revenue_changes(before, after, untouched).get(venture, {})
        if changes:
            first = min(changes)
            kept = [one for one in known if one.day < first]
            known = kept + changed_days([one for one in known if one.day >= first], changes, on_day(kept, first))
        for offset in range(85):
            when = FIRST + timedelta(days=offset)
            assert on_day(known, when) == by_brute_force([*after, *untouched], venture, when)
        previous = NOTHING
        for one in known:
            assert isinstance(one, RevenueDay)
            assert one.revenue != previous
            previous = one.revenue
