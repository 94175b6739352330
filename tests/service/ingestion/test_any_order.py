"""Random histories through signed webhooks at two replicas, in any order with repeats: the expected ledger."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingestion import operations
from shared.contracts import ingestion as told
from shared.kernel.currency import exponent
from tests.harness.house import House
from tests.service.ingestion.stripe_desk import StripeDesk
from tests.strategies.stripe_histories import History, deliveries, histories
from tests.unit.ingestion.fold import Ledger

HISTORIES = 12


def drawn(count: int) -> list[tuple[History, list[dict]]]:
    """The liveliest (by kinds of events) of 200 histories, each with an order of delivery."""
    found: list[tuple[History, list[dict]]] = []

    @settings(max_examples=200, database=None)
    @given(st.data())
    def draw(data):
        history = data.draw(histories(max_steps=25))
        found.append((history, data.draw(deliveries(history.events))))

    draw()
    return sorted(found, key=lambda case: -len({event["type"] for event in case[0].events}))[:count]


def minor(figure: dict) -> int:
    return int(Decimal(figure["amount"]).scaleb(exponent(figure["currency"])))


async def test_random_histories_end_in_the_expected_ledger(house: House):
    await house.start("ingestion", "ingestion")
    for number, (history, delivered) in enumerate(drawn(HISTORIES)):
        organization = await house.organization(slug=f"o{number}", time_zone="UTC")
        desk = await StripeDesk.open(house, organization)
        await desk.deliver(delivered, replicas=2)
        await house.settle()
        assert await desk.items("parked-events") == []
        async with house.database("ingestion").transaction([organization.id]) as session:
            figures = [row for row in await operations.figures(session) if row["organization"] == organization.slug]
            assert await operations.recompute(session, organization.id) == 0
        payments, payouts = Counter(), Counter()
        for row in figures:
            if "month" in row:
                total = payouts if row["figure"].startswith("ingestion.payouts") else payments
                total[row["currency"], row["month"]] += minor(row)
        assert {key: amount for key, amount in payments.items() if amount} == history.expected.payments
        assert {key: amount for key, amount in payouts.items() if amount} == history.expected.payouts
        expected = Ledger(history.events)
        stored = {(row["subscription"], row["effective_at"]): row["status"] for row in figures if "subscription" in row}
        assert stored == {
            (name, datetime.fromtimestamp(second, UTC).isoformat()): state["status"]
            for (name, second), state in expected.states().items()
        }
        assert {row["payment"] for row in figures if "payment" in row} == {
            key for noun, key in expected.rows() if noun == "payment"
        }


async def test_the_newest_version_of_each_published_snapshot_is_the_stored_row(house: House):
    await house.start("ingestion")
    [(_, delivered)] = drawn(1)
    desk = await StripeDesk.open(house)
    await desk.deliver(delivered)
    await house.settle()
    newest: dict[tuple, told.PaymentReceived] = {}
    for event in await house.events("INGESTION", told.PaymentReceived):
        known = newest.get(event.natural_key)
        assert known is None or event.version != known.version
        if known is None or event.version > known.version:
            newest[event.natural_key] = event
    rows = {row["payment_id"]: row for row in await desk.items("payments")}
    assert {event.payment_id for event in newest.values()} == rows.keys()
    for event in newest.values():
        row = rows[event.payment_id]
        assert (row["version"], row["amount_minor"]) == (event.version, event.amount_minor)
        assert Decimal(row["amount"]) == event.amount
        assert row["evidence"]
    facts = await house.events("INGESTION", told.SubscriptionChanged)
    states = {(event.subscription_id, event.effective_at) for event in facts}
    assert len(states) == len(await desk.items("subscriptions"))
