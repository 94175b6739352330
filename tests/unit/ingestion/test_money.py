from itertools import permutations

import pytest

from tests.unit.ingestion.fold import Ledger
from tests.unit.ingestion.stripe_shapes import charge, dispute, event, intent, invoice, payout, refund


def rows_in_every_order(*events):
    """The ledger's rows, which must not depend on the order."""
    results = [Ledger(order).rows() for order in permutations(events)]
    assert all(rows == results[0] for rows in results)
    return results[0]


def columns(rows, noun, name):
    return rows[noun, name].columns


def test_intent_charge_and_invoice_are_one_payment():
    rows = rows_in_every_order(
        event("payment_intent.succeeded", intent(), 100),
        event("charge.succeeded", charge(invoice="in_1"), 100),
        event("invoice.paid", invoice(charge="ch_1", payment_intent="pi_1"), 101),
    )
    assert list(rows) == [("payment", "pi_1")]
    payment = columns(rows, "payment", "pi_1")
    assert (payment["amount_minor"], payment["charge_id"], payment["invoice_id"]) == (1000, "ch_1", "in_1")
    assert payment["occurred_at"].timestamp() == 90


@pytest.mark.parametrize(
    "paid",
    [
        invoice(charge="ch_1", payment_intent="pi_1"),
        invoice(
            payments={
                "data": [
                    {
                        "id": "inpay_1",
                        "object": "invoice_payment",
                        "amount_paid": 1000,
                        "status": "paid",
                        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
                    }
                ]
            }
        ),
    ],
)
def test_an_invoice_alone_is_a_payment_until_its_charge_is_seen(paid):
    alone = rows_in_every_order(event("invoice.paid", paid), event("invoice.payment_succeeded", paid))
    assert columns(alone, "payment", "pi_1")["amount_minor"] == 1000
    assert columns(alone, "payment", "pi_1")["occurred_at"].timestamp() == 95
    both = rows_in_every_order(event("invoice.paid", paid), event("charge.succeeded", charge(amount_captured=900)))
    assert columns(both, "payment", "pi_1")["amount_minor"] == 900


def test_an_invoice_paid_out_of_band_is_no_stripe_payment():
    paid = invoice(paid_out_of_band=True, charge="ch_1", payment_intent="pi_1")
    assert rows_in_every_order(event("invoice.paid", paid)) == {}


def test_an_invoice_payment_and_its_invoice_say_the_same_money_once():
    entry = {
        "id": "inpay_1",
        "object": "invoice_payment",
        "invoice": "in_1",
        "amount_paid": 1000,
        "currency": "myr",
        "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
    }
    rows = rows_in_every_order(
        event("invoice_payment.paid", entry), event("invoice.paid", invoice(payment_intent="pi_1"))
    )
    assert columns(rows, "payment", "pi_1")["amount_minor"] == 1000


def test_what_is_only_authorised_does_not_count_and_a_later_capture_has_its_own_time():
    held = charge(captured=False, amount_captured=0)
    assert rows_in_every_order(event("charge.succeeded", held, 100)) == {}
    rows = rows_in_every_order(
        event("charge.succeeded", held, 100),
        event("charge.captured", charge(amount_captured=600), 500),
        event("charge.updated", charge(amount_captured=600, balance_transaction="txn_1"), 502),
    )
    payment = columns(rows, "payment", "pi_1")
    assert (payment["amount_minor"], payment["occurred_at"].timestamp()) == (600, 500)


def test_a_failed_charge_never_counts_and_one_that_fails_later_is_taken_back():
    failed = charge(status="failed", captured=False, amount_captured=0)
    assert rows_in_every_order(event("charge.failed", failed)) == {}
    rows = rows_in_every_order(
        event("charge.succeeded", charge(), 100),
        event("payment_intent.succeeded", intent(), 100),
        event("charge.failed", failed, 200),
    )
    assert rows == {}


def test_a_second_attempt_counts_although_the_first_failed():
    rows = rows_in_every_order(
        event("charge.failed", charge("ch_0", status="failed", captured=False, amount_captured=0), 100),
        event("payment_intent.succeeded", intent(), 130),
    )
    assert columns(rows, "payment", "pi_1")["amount_minor"] == 1000


def test_the_fee_comes_with_an_expanded_balance_transaction_and_stays():
    settled = {"id": "txn_1", "object": "balance_transaction", "fee": 59, "currency": "myr"}
    rows = rows_in_every_order(
        event("charge.updated", charge(balance_transaction=settled), 102),
        event("charge.refunded", charge(balance_transaction="txn_1", amount_refunded=100), 200),
    )
    assert columns(rows, "payment", "pi_1")["fee_minor"] == 59
    foreign = settled | {"currency": "usd"}
    other = rows_in_every_order(event("charge.updated", charge(balance_transaction=foreign)))
    assert columns(other, "payment", "pi_1")["fee_minor"] is None


def test_an_invoice_that_names_its_charge_only_joins_the_charges_intent():
    rows = rows_in_every_order(
        event("invoice.paid", invoice(charge="ch_1")), event("charge.succeeded", charge(payment_intent="pi_1"))
    )
    assert [key for key in rows if key[0] == "payment"] == [("payment", "pi_1")]


def test_refunds_before_their_payment_find_it():
    rows = rows_in_every_order(
        event("refund.created", refund(payment_intent=None), 110), event("charge.succeeded", charge(), 100)
    )
    assert columns(rows, "refund", "re_1")["payment_id"] == "pi_1"
    assert rows["refund", "re_1"].customer_id == "cus_1"


def test_cumulative_refunds_fill_in_for_those_that_are_not_listed():
    rows = rows_in_every_order(
        event("charge.succeeded", charge(), 100),
        event("charge.refunded", charge(amount_refunded=300), 200),
        event("charge.refunded", charge(amount_refunded=1000), 300),
    )
    parts = {
        key: (d.columns["amount_minor"], d.columns["refunded_at"].timestamp())
        for key, d in rows.items()
        if key[0] == "refund"
    }
    assert parts == {
        ("refund", "ch_1:unitemised:300"): (300, 200),
        ("refund", "ch_1:unitemised:1000"): (700, 300),
    }


def test_listed_refunds_are_not_counted_again_by_the_charge():
    rows = rows_in_every_order(
        event("charge.succeeded", charge(), 100),
        event("refund.created", refund(), 110),
        event("charge.refunded", charge(amount_refunded=400), 110),
        event("charge.refunded", charge(amount_refunded=1000), 300),
    )
    refunds = {key[1]: draft.columns["amount_minor"] for key, draft in rows.items() if key[0] == "refund"}
    assert refunds == {"re_1": 400, "ch_1:unitemised:1000": 600}


def test_a_refund_that_fails_is_added_back_and_leaves_no_rest():
    rows = rows_in_every_order(
        event("refund.created", refund(status="pending"), 110),
        event("charge.refunded", charge(amount_refunded=400), 110),
        event("refund.failed", refund(status="failed"), 200),
        event("charge.updated", charge(amount_refunded=0), 200),
    )
    refunds = {key[1]: draft.columns for key, draft in rows.items() if key[0] == "refund"}
    assert list(refunds) == ["re_1"]
    assert (refunds["re_1"]["amount_minor"], refunds["re_1"]["failed_at"].timestamp()) == (400, 200)


def test_what_a_partial_capture_releases_is_no_refund():
    """Until 2025-03-31 Stripe counted the released part as refunded, with a refund object of its own."""
    rows = rows_in_every_order(
        event("charge.succeeded", charge(captured=False, amount_captured=0), 100),
        event("charge.captured", charge(amount_captured=600, amount_refunded=400), 150),
        event("refund.created", refund("re_0", amount=400, created=150), 150),
        event("charge.refunded", charge(amount_captured=600, amount_refunded=700), 300),
        event("refund.created", refund("re_1", amount=300, created=300), 300),
    )
    amounts = {key: draft.columns["amount_minor"] for key, draft in rows.items()}
    assert amounts == {("payment", "pi_1"): 600, ("refund", "re_1"): 300}


def test_the_refund_of_an_authorisation_that_was_never_captured_counts_nothing():
    rows = rows_in_every_order(
        event("charge.succeeded", charge(captured=False, amount_captured=0), 100),
        event("charge.refunded", charge(captured=False, amount_captured=0, amount_refunded=1000), 150),
        event("refund.created", refund(amount=1000, created=150), 150),
    )
    assert rows == {}


def test_a_dispute_moves_money_when_funds_move():
    taken = {"object": "balance_transaction", "amount": -1000, "fee": 150, "created": 121, "currency": "myr"}
    back = taken | {"amount": 1000, "fee": -150, "created": 900}
    rows = rows_in_every_order(
        event("charge.dispute.created", dispute(), 120),
        event("charge.dispute.funds_withdrawn", dispute(balance_transactions=[taken]), 122),
        event("charge.dispute.funds_reinstated", dispute(status="won", balance_transactions=[taken, back]), 901),
        event("charge.dispute.closed", dispute(status="won", balance_transactions=[taken, back]), 901),
    )
    found = columns(rows, "dispute", "du_1")
    assert (found["withdrawn_at"].timestamp(), found["reinstated_at"].timestamp()) == (122, 901)
    assert (found["fee_minor"], found["payment_id"], found["status"]) == (0, "pi_1", "won")


def test_movements_tell_when_funds_moved_should_the_event_not_have_come():
    taken = {"object": "balance_transaction", "amount": -1000, "fee": 150, "created": 121, "currency": "myr"}
    rows = rows_in_every_order(event("charge.dispute.updated", dispute(balance_transactions=[taken]), 500))
    assert columns(rows, "dispute", "du_1")["withdrawn_at"].timestamp() == 121
    inquiry = rows_in_every_order(event("charge.dispute.created", dispute(status="warning_needs_response")))
    assert columns(inquiry, "dispute", "du_1")["withdrawn_at"] is None


def test_a_payout_that_fails_after_it_was_paid_comes_back_on_its_own_local_day():
    failed = 1_751_299_200  # 2025-06-30 16:00 UTC is midnight of July 1 in Kuala Lumpur
    events = [
        event("payout.paid", payout(), 1_751_250_000),
        event("payout.failed", payout(status="failed"), failed),
    ]
    for order in permutations(events):
        found = Ledger(order, "Asia/Kuala_Lumpur").rows()["payout", "po_1"].columns
        assert (found["deposited"], found["arrival_date"].isoformat()) == (True, "2025-06-30")
        assert found["reversed_on"].isoformat() == "2025-07-01"


def test_a_payout_that_never_arrived_is_no_deposit():
    rows = rows_in_every_order(
        event("payout.created", payout(status="in_transit"), 10),
        event("payout.canceled", payout(status="canceled"), 20),
    )
    found = columns(rows, "payout", "po_1")
    assert (found["deposited"], found["reversed_on"], found["status"]) == (False, None, "canceled")
