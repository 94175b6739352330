from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.finance.payment.rules import MoneyKind, MoneySum, by_month_and_currency, entry_of
from shared.contracts.ingestion import (
    DisputeClosed,
    PaymentReceived,
    PaymentRefunded,
    PayoutFailed,
    PayoutPaid,
    PayoutStatus,
    RefundStatus,
)
from tests.unit.finance.factories import at

COMMON = {
    "organization_id": UUID(int=1),
    "connection_id": UUID(int=2),
    "version": 1,
    "currency": "MYR",
    "amount_minor": 1250,
    "amount": Decimal("12.50"),
}


def test_a_payment_adds_on_its_day():
    entry = entry_of(PaymentReceived(**COMMON, payment_id="pi", occurred_at=at("2026-01-05"), fee_minor=40))
    assert (entry.amount_minor, entry.fee_minor, entry.counts_at) == (1250, 40, at("2026-01-05"))
    assert entry.reversed_at is None


@pytest.mark.parametrize("status", list(RefundStatus))
def test_a_refund_subtracts_from_its_creation_whatever_becomes_of_it(status):
    failed = at("2026-01-09") if status in (RefundStatus.FAILED, RefundStatus.CANCELED) else None
    refund = PaymentRefunded(**COMMON, refund_id="re", status=status, refunded_at=at("2026-01-05"), failed_at=failed)
    entry = entry_of(refund)
    assert (entry.amount_minor, entry.counts_at, entry.reversed_at) == (-1250, at("2026-01-05"), failed)


def test_a_dispute_counts_only_when_funds_were_withdrawn():
    inquiry = entry_of(DisputeClosed(**COMMON, dispute_id="dp", status="warning_closed"))
    assert (inquiry.counts_at, inquiry.reversed_at) == (None, None)
    won = DisputeClosed(
        **COMMON, dispute_id="dp", status="won", withdrawn_at=at("2026-01-05"), reinstated_at=at("2026-02-01")
    )
    entry = entry_of(won)
    assert (entry.amount_minor, entry.counts_at, entry.reversed_at) == (-1250, at("2026-01-05"), at("2026-02-01"))


def test_a_payout_counts_on_its_arrival_once_it_was_paid():
    common = COMMON | {"payout_id": "po", "arrival_date": date(2026, 1, 7)}
    paid = entry_of(PayoutPaid(**common, status=PayoutStatus.PAID, deposited=True))
    assert (paid.counts_on, paid.reversed_on) == (date(2026, 1, 7), None)
    never = entry_of(PayoutFailed(**common, status=PayoutStatus.FAILED, deposited=False))
    assert (never.counts_on, never.reversed_on) == (None, None)
    later = PayoutFailed(**common, status=PayoutStatus.FAILED, deposited=True, reversed_on=date(2026, 1, 12))
    assert entry_of(later).reversed_on == date(2026, 1, 12)


def test_net_is_captured_minus_refunds_and_disputes():
    month = date(2026, 1, 1)
    sums = [
        MoneySum(month, "MYR", MoneyKind.PAYMENT, 1000, 300),
        MoneySum(month, "MYR", MoneyKind.REFUND, -200, -50),
        MoneySum(month, "MYR", MoneyKind.DISPUTE, -100, 0),
        MoneySum(month, "MYR", MoneyKind.PAYOUT, 600, 600),
        MoneySum(month, "USD", MoneyKind.PAYMENT, 7, 7),
    ]
    found = by_month_and_currency(sums)
    money = found[month, "MYR"]
    assert (money.net, money.net_unlinked, money.deposited) == (700, 250, 600)
    assert found[month, "USD"].net == 7
