"""The generated histories are what they say: figures recounted from the events by a second, naive way."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies.stripe_histories import History, deliveries, histories
from trueup.stripe_double import Json

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _month(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m}"


def recounted(events: list[Json]) -> dict[tuple[str, str], int]:
    """Payments of a history by its events, in order, each movement of money once."""
    net: Counter[tuple[str, str]] = Counter()
    for event in events:
        body, kind = event["data"]["object"], event["type"]
        at = _month(event["created"])
        if (kind == "charge.succeeded" and body["captured"]) or kind == "charge.captured":
            net[body["currency"].upper(), at] += body["amount_captured"]
        elif kind == "refund.created":
            net[body["currency"].upper(), at] -= body["amount"]
        elif kind == "refund.failed" or (kind == "refund.updated" and body["status"] == "canceled"):
            net[body["currency"].upper(), at] += body["amount"]
        elif kind in {"charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"}:
            net[body["currency"].upper(), at] += body["balance_transactions"][-1]["amount"]
    return {key: amount for key, amount in net.items() if amount}


@quick
@given(histories())
def test_expected_payments_are_those_of_the_events(history: History) -> None:
    assert recounted(history.events) == history.expected.payments


@quick
@given(histories())
def test_events_are_unique_and_in_order(history: History) -> None:
    assert len({event["id"] for event in history.events}) == len(history.events)
    assert all(event["created"] <= history.as_of.timestamp() for event in history.events)


@quick
@given(st.data())
def test_a_delivery_leaves_nothing_out(data: st.DataObject) -> None:
    history = data.draw(histories(max_steps=5))
    delivered = data.draw(deliveries(history.events))
    assert {event["id"] for event in delivered} == {event["id"] for event in history.events}
