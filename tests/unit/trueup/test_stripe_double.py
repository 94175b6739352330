"""The Stripe double speaks Stripe: signatures, shapes per API version, every handled event type."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from time import time

import pytest
import stripe

from trueup.stripe_double import BASIL, CLOVER, LEGACY, OLD, VERSIONS, ApiVersion, Json, StripeAccount, sign
from trueup.stripe_double.customers import Customer

AT = datetime(2025, 11, 3, 9, 30, tzinfo=UTC)
SECRET = "whsec_test"

# 05-ingestion, "Handled".
HANDLED = {
    "payment_intent.succeeded",
    "charge.succeeded",
    "charge.captured",
    "charge.updated",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
    "invoice.finalized",
    "invoice.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.payment_failed",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "customer.discount.created",
    "customer.discount.deleted",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "balance.available",
}


def everything(version: ApiVersion, seed: str = "all") -> list[Json]:
    """A life in which every handled event happens."""
    account = StripeAccount(seed, version)
    later = (AT + timedelta(days=day) for day in count(1)).__next__
    customer = account.customers.create("Kopi Kita", AT, metadata={"account_id": "a-1"})
    told = customer + a_subscribed_life(account, customer.subject, later) + money(account, customer.subject, later)
    told += account.tell_balance(later()) + account.customers.delete(customer.subject, later())
    return told


def a_subscribed_life(account: StripeAccount, customer: Customer, later: Callable[[], datetime]) -> list[Json]:
    price = account.prices.create(9900, "MYR", AT)
    coupon = account.coupons.create(AT, percent_off=Decimal("12.5"), duration="repeating", months=3)
    told = list(coupon)
    told += account.customers.apply(customer, coupon.subject, later())
    told += account.customers.remove_discount(customer, later())
    started = account.subscriptions.start(customer, [(price, 3)], later(), coupon=coupon.subject)
    subscription = started.subject
    told += started + account.subscriptions.change(subscription, later(), quantity=5)
    told += account.subscriptions.pause_collection(subscription, later())
    told += account.subscriptions.resume_collection(subscription, later())
    told += account.subscriptions.remove_discounts(subscription, later())
    told += account.subscriptions.renew(subscription, later())
    told += account.subscriptions.renew(subscription, later(), paid=False)
    told += account.subscriptions.pause(subscription, later())
    told += account.subscriptions.resume(subscription, later())
    told += account.subscriptions.cancel_later(subscription, later())
    told += account.subscriptions.cancel(subscription, later())
    trial = account.subscriptions.start(customer, [(price, 1)], later(), trial_days=14)
    return told + trial + account.subscriptions.end_trial(trial.subject, later())


def money(account: StripeAccount, customer: Customer, later: Callable[[], datetime]) -> list[Json]:
    taken = account.payments.take(customer, 25000, "myr", later())
    held = account.payments.authorise(customer, 8000, "MYR", later())
    told = taken + held + account.payments.capture(held.subject, later(), 6000)
    told += account.payments.fail(customer, 100, "MYR", later())
    part = account.refunds.make(taken.subject, later(), 5000)
    pending = account.refunds.make(taken.subject, later(), status="pending")
    told += part + pending + account.refunds.succeed(pending.subject, later())
    told += account.refunds.fail(part.subject, later())
    dispute = account.disputes.open(held.subject, later())
    told += dispute + account.disputes.respond(dispute.subject, later())
    told += account.disputes.win(dispute.subject, later())

    invoices = [account.invoices.one_off(customer, 4000, "MYR", later()) for _ in range(4)]
    told += [event for invoice in invoices for event in invoice]
    told += account.invoices.pay_out_of_band(invoices[0].subject, later())
    told += account.invoices.void(invoices[1].subject, later())
    told += account.invoices.give_up(invoices[2].subject, later())
    note = account.credit_notes.issue(invoices[3].subject, 1000, later())
    told += note + account.credit_notes.update(note.subject, later())
    told += account.invoices.pay(invoices[3].subject, later())
    told += account.credit_notes.void(note.subject, later())

    payouts = [account.payouts.send(1000, "MYR", later(), arrival=date(2026, 1, 9)) for _ in range(2)]
    first, second = payouts
    told += first + account.payouts.arrive(first.subject, later()) + account.payouts.reconcile(first.subject, later())
    told += account.payouts.fail(first.subject, later())
    told += second + account.payouts.cancel(second.subject, later())
    return told


def objects(events: list[Json], kind: str) -> list[Json]:
    return [event["data"]["object"] for event in events if event["type"] == kind]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_handled_event_type_is_told_in_every_version(version: ApiVersion) -> None:
    told = everything(version)
    # Before 2022-11-15 the balance transaction is there at once, so nothing else updates a charge.
    missing = {"charge.updated"} if version is OLD else set()
    assert HANDLED - {event["type"] for event in told} == missing
    assert {event["api_version"] for event in told} == {version.name}
    assert len({event["id"] for event in told}) == len(told)
    for event in told:
        assert json.loads(json.dumps(event)) == event
        if "id" in event["data"]["object"]:
            assert event["data"]["object"]["object"]


def test_stripe_itself_accepts_body_and_signature() -> None:
    for event in everything(LEGACY):
        body, now = json.dumps(event).encode(), int(time())
        header = sign(body, SECRET, now)
        assert stripe.WebhookSignature.verify_header(body.decode(), header, SECRET, 300)
        assert stripe.Webhook.construct_event(body, header, SECRET).id == event["id"]


def test_stripe_refuses_another_secret_another_body_and_an_old_timestamp() -> None:
    body, now = b'{"id": "evt_1"}', int(time())
    for tampered, header in (
        (body, sign(body, "whsec_other", now)),
        (body + b" ", sign(body, SECRET, now)),
        (body, sign(body, SECRET, now - 301)),
    ):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(tampered.decode(), header, SECRET, 300)


def test_the_same_seed_tells_the_same_story() -> None:
    assert everything(CLOVER, "one") == everything(CLOVER, "one")
    ids = [{event["id"] for event in everything(LEGACY, seed)} for seed in ("one", "two")]
    assert not ids[0] & ids[1]


def test_payloads_are_as_long_as_stripe_s() -> None:
    sizes = [len(json.dumps(event, indent=2)) for event in everything(CLOVER) if event["type"].startswith("customer.s")]
    assert all(2000 < size < 8000 for size in sizes)


def test_before_basil_a_subscription_has_its_period_and_its_discount() -> None:
    body = objects(everything(LEGACY), "customer.subscription.created")[0]
    assert {"current_period_start", "current_period_end", "discount", "plan", "quantity"} <= body.keys()
    assert body["discount"]["coupon"]["percent_off"] == 12.5
    assert "current_period_end" not in body["items"]["data"][0]


@pytest.mark.parametrize("version", [BASIL, CLOVER], ids=lambda version: version.name)
def test_since_basil_items_have_the_period_and_discounts_are_ids(version: ApiVersion) -> None:
    body = objects(everything(version), "customer.subscription.created")[0]
    assert not {"current_period_start", "current_period_end", "discount"} & body.keys()
    assert body["items"]["data"][0]["current_period_end"] > body["items"]["data"][0]["current_period_start"]
    assert [discount[:3] for discount in body["discounts"]] == ["di_"]


def test_a_discount_names_its_coupon_by_id_since_clover() -> None:
    kinds = {version.name: objects(everything(version), "customer.discount.created")[0] for version in VERSIONS}
    for version in (OLD, LEGACY, BASIL):
        assert kinds[version.name]["coupon"]["duration_in_months"] == 3
    clover = kinds[CLOVER.name]
    assert "coupon" not in clover
    assert clover["source"] == {"type": "coupon", "coupon": objects(everything(CLOVER), "coupon.created")[0]["id"]}


def test_an_invoice_names_its_subscription_and_payment_in_its_version_s_way() -> None:
    legacy, clover = (objects(everything(version), "invoice.paid")[0] for version in (LEGACY, CLOVER))
    assert legacy["subscription"].startswith("sub_")
    assert legacy["charge"].startswith("ch_")
    assert legacy["payment_intent"].startswith("pi_")
    assert legacy["paid"] is True
    assert legacy["lines"]["data"][0]["price"]["unit_amount"] == 9900
    assert not {"subscription", "charge", "payment_intent", "paid", "paid_out_of_band", "payments"} & clover.keys()
    assert clover["parent"]["subscription_details"]["subscription"].startswith("sub_")
    assert clover["lines"]["data"][0]["pricing"]["unit_amount_decimal"] == "9900"


def test_a_payment_names_its_invoice_in_its_version_s_way() -> None:
    legacy, basil, clover = (
        objects(everything(version), "payment_intent.succeeded")[0] for version in (LEGACY, BASIL, CLOVER)
    )
    assert legacy["invoice"].startswith("in_")
    assert not {"invoice", "payment_details"} & basil.keys()
    assert clover["payment_details"]["order_reference"].startswith("in_")
    link = objects(everything(BASIL), "invoice_payment.paid")[0]
    assert link["payment"] == {"type": "payment_intent", "payment_intent": basil["id"]}
    assert "invoice" not in objects(everything(CLOVER), "charge.succeeded")[0]


def test_paid_out_of_band_is_told_by_a_flag_and_since_basil_by_its_invoice_payment() -> None:
    flags = [body["paid_out_of_band"] for body in objects(everything(LEGACY), "invoice.paid")]
    assert flags.count(True) == 1
    ways = [body["payment"]["type"] for body in objects(everything(CLOVER), "invoice_payment.paid")]
    assert ways.count("payment_record") == 1


def test_before_2022_lists_are_inside() -> None:
    intent = objects(everything(OLD), "payment_intent.succeeded")[0]
    assert intent["charges"]["data"][0]["id"].startswith("ch_")
    assert "latest_charge" not in intent
    refunded = objects(everything(OLD), "charge.refunded")
    assert [len(charge["refunds"]["data"]) for charge in refunded] == [1, 2]
    assert "refunds" not in objects(everything(LEGACY), "charge.refunded")[0]


def test_the_balance_transaction_comes_later_and_by_id() -> None:
    told = everything(LEGACY)
    assert objects(told, "charge.succeeded")[0]["balance_transaction"] is None
    assert objects(told, "charge.updated")[0]["balance_transaction"].startswith("txn_")


def test_balance_is_what_came_less_what_went() -> None:
    account = StripeAccount("balance")
    customer = account.customers.create("Kopi Kita", AT).subject
    payment = account.payments.take(customer, 10_000, "MYR", AT).subject
    account.refunds.make(payment, AT, 1_000)
    account.payouts.send(5_000, "MYR", AT, arrival=AT.date())
    assert account.balance("MYR") == 10_000 - 290 - 1_000 - 5_000


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 1200), ("KWD", 12_500), ("MYR", 120_000)])
def test_amounts_are_told_in_stripe_s_minor_units_as_given(currency: str, amount: int) -> None:
    account = StripeAccount("currencies")
    customer = account.customers.create("Kopi Kita", AT).subject
    told = account.payments.take(customer, amount, currency, AT)
    assert {(body["amount"], body["currency"]) for body in (event["data"]["object"] for event in told)} == {
        (amount, currency.lower())
    }


def test_a_connected_account_s_events_name_it() -> None:
    account = StripeAccount("connected", connected=True)
    assert account.customers.create("Kopi Kita", AT)[0]["account"] == account.id
