"""When and with which sign money counts (06-finance, The six metrics; 05-ingestion, Ledger)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import singledispatch

from shared.contracts.ingestion import DisputeState, LedgerState, PaymentReceived, PayoutState, RefundState


class MoneyKind(StrEnum):
    """What a money fact is."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"


@dataclass(frozen=True, slots=True)
class MoneyEntry:
    """One signed entry in ISO 4217 minor units, and when it is taken back, if ever.

    An entry has an instant, whose local day is the organization's, or (payouts) a plain day that no
    time zone shifts. With neither it does not count.
    """

    kind: MoneyKind
    object_id: str
    amount_minor: int
    status: str
    counts_at: datetime | None = None
    counts_on: date | None = None
    reversed_at: datetime | None = None
    reversed_on: date | None = None
    fee_minor: int | None = None
    customer_id: str | None = None
    payment_id: str | None = None


@singledispatch
def entry_of(event: LedgerState) -> MoneyEntry:
    """What a ledger event amounts to."""
    raise TypeError(f"{type(event).__name__} is no money fact")


@entry_of.register
def _payment(event: PaymentReceived) -> MoneyEntry:
    """A payment adds what was captured, on its own day."""
    return MoneyEntry(
        MoneyKind.PAYMENT,
        event.payment_id,
        event.amount_minor,
        "captured",
        counts_at=event.occurred_at,
        fee_minor=event.fee_minor,
        customer_id=event.customer_id,
        payment_id=event.payment_id,
    )


@entry_of.register
def _refund(event: RefundState) -> MoneyEntry:
    """A refund subtracts from its creation, and is added back on the day it fails or is canceled."""
    return MoneyEntry(
        MoneyKind.REFUND,
        event.refund_id,
        -event.amount_minor,
        event.status.value,
        counts_at=event.refunded_at,
        reversed_at=event.failed_at,
        customer_id=event.customer_id,
        payment_id=event.payment_id,
    )


@entry_of.register
def _dispute(event: DisputeState) -> MoneyEntry:
    """A dispute subtracts when funds are withdrawn, and adds when they are reinstated."""
    return MoneyEntry(
        MoneyKind.DISPUTE,
        event.dispute_id,
        -event.amount_minor,
        event.status,
        counts_at=event.withdrawn_at,
        reversed_at=event.reinstated_at,
        fee_minor=event.fee_minor,
        customer_id=event.customer_id,
        payment_id=event.payment_id,
    )


@entry_of.register
def _payout(event: PayoutState) -> MoneyEntry:
    """A payout is a deposit on its arrival date once it was paid; a later failure is a negative on its day."""
    return MoneyEntry(
        MoneyKind.PAYOUT,
        event.payout_id,
        event.amount_minor,
        event.status.value,
        counts_on=event.arrival_date if event.deposited else None,
        reversed_on=event.reversed_on if event.deposited else None,
    )


@dataclass(frozen=True, slots=True)
class MoneySum:
    """The signed entries of one month, currency and kind, and the part of them without an account."""

    month: date
    currency: str
    kind: MoneyKind
    minor: int
    unlinked_minor: int


@dataclass(slots=True)
class MonthlyMoney:
    """What moved in a month in one currency, in ISO 4217 minor units, signed."""

    received: int = 0
    refunded: int = 0
    disputed: int = 0
    deposited: int = 0
    net_unlinked: int = 0

    @property
    def net(self) -> int:
        """Payments received: captured, minus refunds and withdrawn disputes, plus what came back of them."""
        return self.received + self.refunded + self.disputed


_COLUMN = {
    MoneyKind.PAYMENT: "received",
    MoneyKind.REFUND: "refunded",
    MoneyKind.DISPUTE: "disputed",
    MoneyKind.PAYOUT: "deposited",
}


def by_month_and_currency(sums: Iterable[MoneySum]) -> dict[tuple[date, str], MonthlyMoney]:
    """Sums of entries side by side, by month and currency."""
    found: dict[tuple[date, str], MonthlyMoney] = defaultdict(MonthlyMoney)
    for part in sums:
        money = found[part.month, part.currency]
        name = _COLUMN[part.kind]
        setattr(money, name, getattr(money, name) + part.minor)
        if part.kind is not MoneyKind.PAYOUT:
            money.net_unlinked += part.unlinked_minor
    return found
