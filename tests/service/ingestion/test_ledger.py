from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.ingestion.raw_event import normaliser
from shared.contracts import ingestion as told
from shared.contracts.finance import AccountUpdated
from shared.contracts.plans import VentureStage, VentureUpdated
from shared.kernel.ids import new_id
from tests.harness.house import House
from tests.service.ingestion.stripe_desk import StripeDesk
from trueup.stripe_double import BASIL, CLOVER, LEGACY, OLD, StripeAccount

AT = datetime(2025, 6, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def a_life(version, seed: str = "life") -> list[dict]:
    """Everything that the double can do, once."""
    account = StripeAccount(seed, version)
    customer = account.customers.create("Kedai Kopi", AT)
    events = [*customer]
    price = account.prices.create(10_000, "myr", AT)
    coupon = account.coupons.create(AT, percent_off=Decimal("12.5"))
    started = account.subscriptions.start(customer.subject, [(price, 2)], AT, coupon=coupon.subject)
    events += [*coupon, *started]
    subscription = started.subject
    events += account.subscriptions.change(subscription, AT, quantity=3)
    events += account.subscriptions.renew(subscription, AT + 30 * DAY)
    for currency in ("jpy", "kwd", "usd"):
        taken = account.payments.take(customer.subject, 12_340, currency, AT + DAY)
        events += taken
        refund = account.refunds.make(taken.subject, AT + 2 * DAY, 2_340, "pending")
        events += [*refund, *account.refunds.fail(refund.subject, AT + 3 * DAY)]
    disputed = account.payments.take(customer.subject, 5_000, "usd", AT + DAY)
    dispute = account.disputes.open(disputed.subject, AT + 4 * DAY)
    events += [*disputed, *dispute, *account.disputes.win(dispute.subject, AT + 9 * DAY)]
    held = account.payments.authorise(customer.subject, 9_000, "myr", AT + DAY)
    events += [*held, *account.payments.capture(held.subject, AT + 2 * DAY, 4_000)]
    events += account.payments.fail(customer.subject, 1_000, "myr", AT + DAY)
    payout = account.payouts.send(50_000, "myr", AT + DAY, arrival=(AT + 3 * DAY).date())
    events += [*payout, *account.payouts.arrive(payout.subject, AT + 3 * DAY)]
    events += account.payouts.fail(payout.subject, AT + 5 * DAY)
    events += account.subscriptions.cancel(subscription, AT + 40 * DAY)
    events += account.tell_balance(AT)
    events += [account.event("product.created", {"id": "prod_1", "object": "product"}, AT)]
    return events


async def settled_figures(desk: StripeDesk) -> dict[str, list]:
    """The ledger without what depends on when it was processed."""
    await desk.house.settle()
    figures = {}
    for name in ("payments", "refunds", "disputes", "payouts", "subscriptions"):
        rows = await desk.items(name)
        for row in rows:
            for member in ("connection_id", "version", "recorded_at", "changed_at"):
                row.pop(member)
        figures[name] = [row for row in rows if row.get("amount_minor") != 0]
    return figures


async def test_a_life_in_every_version_and_order_comes_to_the_same_ledger(house: House):
    await house.start("ingestion", "ingestion")
    for version in (OLD, LEGACY, BASIL, CLOVER):
        events = a_life(version)
        plain, shuffled = [
            await StripeDesk.open(house, await house.organization(slug=slug))
            for slug in (f"a{version.name}", version.name)
        ]
        await plain.deliver(events)
        await shuffled.deliver([*reversed(events), *events], replicas=2)
        figures = await settled_figures(plain)
        assert await settled_figures(shuffled) == figures
        assert await plain.items("parked-events") == []
        by_currency: dict[str, list[str]] = {}
        for row in figures["payments"]:
            by_currency.setdefault(row["currency"], []).append(row["amount"])
        assert by_currency["JPY"] == ["12340"]
        assert by_currency["KWD"] == ["12.340"]
        assert sorted(by_currency["USD"]) == ["123.40", "50.00"]
        assert {row["status"] for row in figures["refunds"]} == {"failed"}
        [dispute] = figures["disputes"]
        assert dispute["status"] == "won"
        assert dispute["reinstated_at"] == "2025-06-10T09:00:00Z"
        [payout] = figures["payouts"]
        assert (payout["status"], payout["deposited"], payout["arrival_date"]) == ("failed", True, "2025-06-04")
        assert payout["reversed_on"] == "2025-06-06"
        newest = figures["subscriptions"][0]
        assert (newest["status"], newest["deleted"]) == ("canceled", True)
        first = figures["subscriptions"][-1]
        assert first["items"][0]["quantity"] == 3
        assert [Decimal(each["percent_off"]) for each in first["discounts"]] == [Decimal("12.5")]


async def test_an_account_links_what_waited_for_it_and_what_comes_later(house: House):
    await house.start("ingestion")
    organization = await house.organization()
    desk = await StripeDesk.open(house, organization)
    account_id, venture_id = new_id(), new_id()
    account = StripeAccount("link", LEGACY)
    customer = account.customers.create("Warung", AT, metadata={"account_id": str(account_id)})
    price = account.prices.create(10_000, "myr", AT)
    subscription = account.subscriptions.start(customer.subject, [(price, 1)], AT)
    await desk.deliver([*subscription, *customer])
    await house.settle()
    assert [row["account_id"] for row in await desk.items("payments")] == [None]
    [waiting] = await desk.items("unlinked")
    assert waiting["claimed_account_id"] == str(account_id)
    assert (waiting["customer_name"], waiting["payments"], waiting["subscriptions"]) == ("Warung", 1, 1)
    assert waiting["amounts"] == [{"currency": "MYR", "payments": 1, "amount": "100.00"}]
    await house.publish(
        AccountUpdated(
            organization_id=organization.id, account_id=account_id, version=1, name="Warung", venture_id=venture_id
        )
    )
    await house.settle()
    [payment] = await desk.items("payments")
    assert (payment["account_id"], payment["venture_id"]) == (str(account_id), str(venture_id))
    assert {row["account_id"] for row in await desk.items("subscriptions")} == {str(account_id)}
    assert await desk.items("unlinked") == []
    events = await house.events("INGESTION", told.PaymentReceived)
    assert events[-1].account_id == account_id
    assert events[-1].version > 1
    facts = await house.events("INGESTION", told.SubscriptionChanged)
    assert facts[-1].account_id == account_id


async def test_a_mapping_links_past_and_future_rows_and_can_be_taken_back(house: House):
    await house.start("ingestion")
    organization = await house.organization()
    desk = await StripeDesk.open(house, organization)
    account_id = new_id()
    await house.publish(
        AccountUpdated(organization_id=organization.id, account_id=account_id, version=1, name="Kedai Kopi Sdn Bhd")
    )
    account = StripeAccount("map", BASIL)
    customer = account.customers.create("Kedai Kopi", AT)
    await desk.deliver([*customer, *account.payments.take(customer.subject, 1_000, "myr", AT)])
    await house.settle()
    [queued] = await desk.items("unlinked")
    assert [each["account_id"] for each in queued["suggestions"]] == [str(account_id)]
    mapping = {"connection_id": str(desk.id), "customer_id": customer.subject.id, "account_id": str(account_id)}
    mapped = await desk.api.put("/ingestion/customer-mappings", json=mapping)
    assert (mapped.status_code, mapped.json()["applied"]) == (200, True)
    assert [row["account_id"] for row in await desk.items("payments")] == [str(account_id)]
    await desk.deliver(account.payments.take(customer.subject, 2_000, "myr", AT + DAY))
    await house.settle()
    assert {row["account_id"] for row in await desk.items("payments")} == {str(account_id)}
    query = {name: mapping[name] for name in ("connection_id", "customer_id")}
    assert (await desk.api.delete("/ingestion/customer-mappings", params=query)).status_code == 200
    assert {row["account_id"] for row in await desk.items("payments")} == {None}
    history = await desk.items("customer-mappings/changes")
    assert [change["account_after"] for change in history] == [None, str(account_id)]
    unknown = await desk.api.put("/ingestion/customer-mappings", json=mapping | {"account_id": str(new_id())})
    assert unknown.status_code == 404


async def test_ventures_come_from_metadata_then_default(house: House):
    await house.start("ingestion")
    organization = await house.organization()
    default, named = new_id(), new_id()

    def venture(identity):
        return VentureUpdated(
            organization_id=organization.id,
            venture_id=identity,
            version=1,
            name="V",
            stage=VentureStage.GROWTH,
            currency="MYR",
        )

    await house.publish(venture(default))
    await house.settle()
    desk = await StripeDesk.open(house, organization, default_venture_id=str(default))
    account = StripeAccount("venture", CLOVER)
    customer = account.customers.create("A", AT, metadata={"venture_id": str(named)})
    await desk.deliver([*customer, *account.payments.take(customer.subject, 1_000, "myr", AT)])
    await house.settle()
    assert [row["venture_id"] for row in await desk.items("payments")] == [str(default)]
    await house.publish(venture(named))
    await house.settle()
    assert [row["venture_id"] for row in await desk.items("payments")] == [str(named)]
    path = f"/ingestion/stripe-connections/{desk.id}"
    other = await StripeDesk.open(house, organization, name="No default")
    plain = account.customers.create("B", AT)
    await other.deliver([*plain, *account.payments.take(plain.subject, 1_000, "myr", AT)])
    await house.settle()
    path = f"/ingestion/stripe-connections/{other.id}"
    assert (await other.api.patch(path, json={"default_venture_id": str(default)})).status_code == 200
    rows = await other.items("payments", connection_id=str(other.id))
    assert [row["venture_id"] for row in rows] == [str(default)]


def odd(number: int, **wrong) -> dict:
    charge = {"id": f"ch_{number}", "object": "charge", "amount": 100, "currency": "myr", "created": 1_750_000_000}
    return {
        "id": f"evt_odd{number}",
        "object": "event",
        "api_version": "2024-06-20",
        "created": 1_750_000_000,
        "livemode": False,
        "type": "charge.succeeded",
        "data": {"object": charge | {"captured": True, "status": "succeeded"} | wrong},
    }


async def test_what_cannot_be_normalised_is_parked_and_delays_nobody(house: House, monkeypatch):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    poison = [
        odd(1, amount="100"),
        odd(2, amount=1.5),
        odd(3, currency="zzz"),
        odd(4, description="a\x00b"),
        odd(5, object="refund"),
        odd(6, created=10**15),
        odd(7, amount=10**17),
        odd(8, customer={"id": 5}),
    ]
    good = [odd(100 + number) for number in range(30)]
    await desk.deliver([poison[0], *good[:10], *poison[1:], *good[10:]])
    await house.settle()
    assert len(await desk.items("payments")) == 30
    parked = await desk.items("parked-events")
    assert {row["event_id"] for row in parked} == {event["id"] for event in poison}
    assert {row["attempts"] for row in parked} == {1}
    assert len(await desk.items("raw-events", state="parked")) == 8
    again = await desk.api.post(f"/ingestion/parked-events/{parked[0]['id']}/retry")
    assert again.json()["status"] == "retrying"
    await house.settle()
    repeated = [row for row in await desk.items("parked-events") if row["id"] == parked[0]["id"]]
    assert [row["attempts"] for row in repeated] == [2]


async def test_a_bug_that_stops_a_batch_parks_only_its_event_and_a_fix_lets_it_through(house: House, monkeypatch):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    real = normaliser.normalise

    async def broken(session, events, now):
        if any(event.event_id == "evt_odd107" for event in events):
            raise RuntimeError("a bug")
        return await real(session, events, now)

    monkeypatch.setattr(normaliser, "normalise", broken)
    await desk.deliver([odd(100 + number) for number in range(20)])
    await house.settle()
    assert len(await desk.items("payments")) == 19
    [parked] = await desk.items("parked-events")
    assert (parked["event_id"], parked["error"], parked["message"]) == ("evt_odd107", "RuntimeError", "a bug")
    monkeypatch.setattr(normaliser, "normalise", real)
    retried = await desk.api.post(f"/ingestion/parked-events/{parked['id']}/retry")
    assert retried.status_code == 200
    await house.settle()
    assert len(await desk.items("payments")) == 20
    assert await desk.items("parked-events") == []
    assert [row["event_id"] for row in await desk.items("parked-events", status="resolved")] == ["evt_odd107"]
    twice = await desk.api.post(f"/ingestion/parked-events/{parked['id']}/retry")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_parked")


async def test_status_tells_freshness_and_what_is_unlinked(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    silent = (await desk.api.get("/ingestion/status")).json()["connections"][0]
    assert (silent["freshness"], silent["events"], silent["unlinked_share_pct"]) == ("silent", 0, None)
    await desk.deliver([odd(1), odd(2, amount="x")])
    await house.settle()
    status = (await desk.api.get("/ingestion/status")).json()["connections"][0]
    assert (status["freshness"], status["events"], status["pending"], status["parked"]) == ("fresh", 2, 0, 1)
    assert status["unlinked_share_pct"] == "100.00"
    assert status["currencies"][0]["unlinked_amount"] == "1.00"
    assert status["last_parked_error"].startswith("Malformed: charge.amount")


async def test_nothing_is_published_twice_for_repeats(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    events = a_life(BASIL)
    await desk.deliver(events)
    await house.settle()
    before = len(await house.events("INGESTION"))
    again = [event | {"id": f"{event['id']}x"} for event in events]
    await desk.deliver(again)
    await house.settle()
    assert len(await house.events("INGESTION")) == before


async def test_lists_are_filtered_and_paged(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    await desk.deliver(a_life(LEGACY))
    await house.settle()
    assert {row["currency"] for row in await desk.items("payments", currency="JPY")} == {"JPY"}
    assert len(await desk.items("payments", unlinked=True)) == len(await desk.items("payments"))
    assert await desk.items("payments", unlinked=False) == []
    june_second = await desk.items("payments", since="2025-06-02", until="2025-06-03")
    assert {row["occurred_at"][:10] for row in june_second} == {"2025-06-02"}
    first = (await desk.api.get("/ingestion/payments", params={"limit": 2})).json()
    rest = await desk.items("payments")
    assert first["items"] == rest[:2]
    assert (await desk.api.get("/ingestion/payments", params={"cursor": "x"})).status_code == 422
    assert (await desk.api.get("/ingestion/payments", params={"since": "0001-01-01"})).status_code == 200
