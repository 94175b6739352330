"""The demo's story holds on any day: its Stripe history adds up to what the company was designed to be."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueup.demo.company import VENTURES, VentureStory, plan_start
from trueup.demo.history import ZONE, as_delivered, open_books, play_company
from trueup.demo.other import other_history
from trueup.stripe_double import Json

DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31))
quick = settings(max_examples=25, deadline=None)


def told(today: date) -> tuple[list[Json], datetime]:
    now = datetime.combine(today, time(15, 20), ZONE)
    links = {name: {"venture": story.name} for story in VENTURES for name in (*story.customers, *story.newcomers)}
    older, newer = open_books(today, now, links)
    play_company(older, newer, today)
    return older.events + newer.events, now


def mrr(events: list[Json], until: datetime) -> dict[str, Decimal]:
    """MYR a month by venture, from the last state of each subscription."""
    owners, last = {}, {}
    for event in sorted(events, key=lambda each: each["created"]):
        body = event["data"]["object"]
        if event["type"] == "customer.created":
            owners[body["id"]] = body["metadata"].get("venture")
        if event["type"].startswith("customer.subscription.") and event["created"] <= until.timestamp():
            last[body["id"]] = body
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for body in last.values():
        item = body["items"]["data"][0]
        if body["status"] == "active" and body["currency"] == "myr" and owners[body["customer"]]:
            sums[owners[body["customer"]]] += Decimal(item["price"]["unit_amount"] * item["quantity"]) / 100
    return sums


def earning() -> list[VentureStory]:
    return [story for story in VENTURES if story.pace is not None]


@quick
@given(DAYS)
def test_customers_pay_the_actual_mrr_today_and_the_baseline_on_the_first_day(today: date) -> None:
    events, now = told(today)
    first_day = datetime.combine(plan_start(today), time(23), ZONE)
    assert mrr(events, now) == {story.name: story.actual(today) for story in earning()}
    assert mrr(events, first_day) == {story.name: story.baseline for story in earning()}


@quick
@given(DAYS)
def test_nothing_lies_in_the_future_and_every_event_is_its_own(today: date) -> None:
    events, now = told(today)
    assert all(event["created"] <= now.timestamp() for event in events)
    assert len({event["id"] for event in events}) == len(events)


@quick
@given(DAYS)
def test_the_plans_began_two_to_three_months_ago(today: date) -> None:
    assert 58 <= (today - plan_start(today)).days <= 93


def test_the_first_venture_is_a_quarter_under_its_plan() -> None:
    kopi = VENTURES[0]
    assert (kopi.baseline, kopi.target, kopi.months) == (12_000, 100_000, 11)
    today = date(2026, 11, 21)
    promised, actual = kopi.promised(today), kopi.actual(today)
    assert promised is not None
    assert actual is not None
    assert (actual / promised - 1) * 100 == pytest.approx(Decimal(-25), abs=Decimal("0.1"))


def test_deliveries_repeat_and_reorder_and_leave_nothing_out() -> None:
    events, _ = told(date(2026, 11, 21))
    delivered = as_delivered(events, Random(1))
    assert len(delivered) > len(events)
    assert {event["id"] for event in delivered} == {event["id"] for event in events}
    assert [event["created"] for event in delivered] != sorted(event["created"] for event in delivered)


def test_the_other_organization_has_a_life_of_its_own() -> None:
    now = datetime(2026, 11, 21, 7, tzinfo=UTC)
    events = other_history(now).events
    assert events
    assert max(event["created"] for event in events) <= (now + timedelta(minutes=1)).timestamp()
