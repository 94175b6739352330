from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.finance.policy.rules import DEFAULT_POLICY
from services.finance.subscription.rules import FOREVER, SubscriptionState, customer_of, spans, state_of
from tests.unit.finance.factories import OTHER_VENTURE, at, change, day, discount, item

ZONE = "Asia/Kuala_Lumpur"


def told(*changes, zone="UTC"):
    """(day, state, mrr) of each span."""
    return [
        (str(span.day), span.standing.state.value, str(span.standing.mrr.normalize() + 0))
        for span in spans(changes, DEFAULT_POLICY, zone)
    ]


@pytest.mark.parametrize(
    ("status", "paused", "deleted", "expected"),
    [
        ("active", False, False, "active"),
        ("past_due", False, False, "active"),
        ("trialing", False, False, "trial"),
        ("paused", False, False, "paused"),
        ("active", True, False, "paused"),
        ("trialing", True, False, "paused"),
        ("past_due", True, False, "paused"),
        ("unpaid", False, False, "churned"),
        ("canceled", False, False, "churned"),
        ("canceled", True, True, "churned"),
        ("active", False, True, "churned"),
        ("incomplete", False, False, "never_started"),
        ("incomplete_expired", False, True, "never_started"),
        ("a_status_of_the_future", False, False, "unknown"),
    ],
)
def test_what_a_status_counts_as(status, paused, deleted, expected):
    assert state_of(status, paused=paused, deleted=deleted) is SubscriptionState(expected)


def test_a_customer_is_the_account_else_the_providers_customer():
    connection, account = UUID(int=9), UUID(int=8)
    assert customer_of(account, connection, "cus_1", "sub_1") == customer_of(account, UUID(int=7), "cus_2", "sub_2")
    assert customer_of(None, connection, "cus_1", "sub_1") == customer_of(None, connection, "cus_1", "sub_2")
    assert customer_of(None, connection, None, "sub_1") != customer_of(None, connection, None, "sub_2")


def test_a_trial_that_pays_upgrades_pauses_and_leaves():
    history = (
        change("2026-01-05T10:00", status="trialing"),
        change("2026-01-19T10:00"),
        change("2026-02-10T10:00", "250"),
        change("2026-03-01T10:00", "250", paused=True),
        change("2026-03-20T10:00", "250"),
        change("2026-04-02T10:00", "250", status="canceled", ended_at="2026-04-02T10:00"),
    )
    assert told(*history) == [
        ("2026-01-05", "trial", "0"),
        ("2026-01-19", "active", "100"),
        ("2026-02-10", "active", "250"),
        ("2026-03-01", "paused", "0"),
        ("2026-03-20", "active", "250"),
        ("2026-04-02", "churned", "0"),
    ]


def test_how_a_day_ends_decides():
    assert told(change("2026-01-05T10:00", "100"), change("2026-01-05T11:00", "300")) == [
        ("2026-01-05", "active", "300")
    ]


def test_a_day_is_the_organizations_own():
    evening = change("2026-01-05T17:00")
    assert told(evening, zone=ZONE) == [("2026-01-06", "active", "100")]


def test_what_stays_incomplete_never_counts():
    history = (change("2026-01-05", status="incomplete"), change("2026-01-06", status="incomplete_expired"))
    assert told(*history) == [("2026-01-05", "never_started", "0")]


def test_a_discount_ends_by_itself():
    repeating = discount(percent_off=Decimal(50), duration="repeating", start=at("2026-01-05"), end=at("2026-04-05"))
    assert told(change("2026-01-05", discounts=(repeating,))) == [
        ("2026-01-05", "active", "50"),
        ("2026-04-05", "active", "100"),
    ]


def test_a_discount_of_a_replaced_state_no_longer_ends():
    repeating = discount(percent_off=Decimal(50), duration="repeating", start=at("2026-01-05"), end=at("2026-04-05"))
    history = (change("2026-01-05", discounts=(repeating,)), change("2026-02-01"))
    assert told(*history) == [("2026-01-05", "active", "50"), ("2026-02-01", "active", "100")]


def test_churn_is_dated_when_it_ended_though_it_is_told_later():
    history = (
        change("2026-01-05"),
        change("2026-03-10", "200"),
        change("2026-03-12", status="canceled", ended_at="2026-03-01"),
    )
    assert told(*history) == [("2026-01-05", "active", "100"), ("2026-03-01", "churned", "0")]


def test_a_cancellation_at_the_periods_end_counts_until_then():
    leaving = change("2026-03-10", status="canceled", cancel_at_period_end=True, current_period_end="2026-04-05")
    assert told(change("2026-01-05"), leaving) == [("2026-01-05", "active", "100"), ("2026-04-05", "churned", "0")]
    at_once = change("2026-03-10", status="canceled", current_period_end="2026-04-05")
    assert told(change("2026-01-05"), at_once) == [("2026-01-05", "active", "100"), ("2026-03-10", "churned", "0")]


def test_an_unpaid_one_that_pays_again_comes_back():
    history = (change("2026-01-05"), change("2026-02-05", status="unpaid"), change("2026-02-20"))
    assert [line[1] for line in told(*history)] == ["active", "churned", "active"]


def test_a_new_venture_begins_a_new_span():
    found = spans((change("2026-01-05"), change("2026-02-01", venture_id=OTHER_VENTURE)), DEFAULT_POLICY, "UTC")
    assert [(span.day, span.until, span.standing.venture_id) for span in found] == [
        (day("2026-01-05"), day("2026-02-01"), UUID(int=1)),
        (day("2026-02-01"), FOREVER, OTHER_VENTURE),
    ]


START = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def histories(draw):
    """Some changes of one subscription, in order, with churns told early and late and odd discounts."""
    hours = sorted(draw(st.sets(st.integers(0, 24 * 90), min_size=1, max_size=9)))
    found = []
    for hour in hours:
        moment = START + timedelta(hours=hour)
        status = draw(st.sampled_from(["active", "active", "active", "trialing", "canceled", "unpaid", "incomplete"]))
        ended = draw(st.one_of(st.none(), st.integers(-24 * 20, 24 * 20))) if status == "canceled" else None
        begins = draw(st.integers(-24 * 20, 24 * 40))
        lasts = draw(st.one_of(st.none(), st.integers(1, 24 * 60)))
        found.append(
            change(
                moment.isoformat(),
                status=status,
                items=(item(str(draw(st.integers(0, 5)) * 10)),),
                venture_id=draw(st.sampled_from([None, UUID(int=1), UUID(int=2)])),
                paused=draw(st.booleans()) and draw(st.booleans()),
                ended_at=None if ended is None else (moment + timedelta(hours=ended)).isoformat(),
                discounts=(
                    discount(
                        percent_off=Decimal(50),
                        start=moment + timedelta(hours=begins),
                        end=None if lasts is None else moment + timedelta(hours=begins + lasts),
                    ),
                ),
            )
        )
    return found


@given(histories(), st.sampled_from(["UTC", ZONE, "America/New_York"]))
def test_spans_follow_each_other_without_gaps_and_never_repeat_themselves(history, zone):
    found = spans(history, DEFAULT_POLICY, zone)
    assert found[-1].until == FOREVER
    for earlier, later in pairwise(found):
        assert earlier.day < earlier.until == later.day
        assert earlier.standing != later.standing


@given(histories(), st.data())
def test_telling_from_a_day_on_continues_what_was_told(history, data):
    """Adding one change: the spans since the day that it touches are spliced onto the known ones."""
    place = data.draw(st.integers(0, len(history) - 1))
    added = history[place]
    known = spans(history[:place] + history[place + 1 :], DEFAULT_POLICY, ZONE)
    touched = min(added.effective_at, added.churned_at or added.effective_at)
    from_day = (touched + timedelta(hours=8)).date()
    before = next((span for span in known if span.day < from_day < span.until or span.until == from_day), None)
    if before is None:
        return
    lead_in = [place for place, one in enumerate(history) if (one.effective_at + timedelta(hours=8)).date() < from_day]
    since = history[lead_in[-1] if lead_in else 0 :]
    earlier = [span for span in known if span.day < before.day]
    spliced = earlier + spans(since, DEFAULT_POLICY, ZONE, from_day, before)
    assert spliced == spans(history, DEFAULT_POLICY, ZONE)
