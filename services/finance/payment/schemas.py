"""Response bodies of money facts."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from services.finance.payment.models import MoneyFact
from services.finance.payment.rules import MoneyKind
from shared.kernel.currency import minor_to_decimal
from shared.kernel.money import Amount, CurrencyCode


class MoneyFactOut(BaseModel):
    """One payment, refund, dispute or payout.

    ``amount`` is signed: positive when money came in (or arrived at the bank). It counts on the local
    day ``counts_on`` and, if ``reversed_on`` is set, is taken back on that day. ``account_id`` null: not
    linked to an account. ``evidence``: the provider's events behind it.
    """

    connection_id: UUID
    kind: MoneyKind
    object_id: str
    status: str
    currency: CurrencyCode
    amount: Amount
    fee: Amount | None
    counts_on: date | None
    counts_at: datetime | None
    reversed_on: date | None
    reversed_at: datetime | None
    account_id: UUID | None
    venture_id: UUID | None
    customer_id: str | None
    payment_id: str | None
    evidence: list[str]

    @classmethod
    def of(cls, fact: MoneyFact) -> "MoneyFactOut":
        """From the stored fact."""
        return cls(
            connection_id=fact.connection_id,
            kind=MoneyKind(fact.kind),
            object_id=fact.object_id,
            status=fact.status,
            currency=fact.currency,
            amount=minor_to_decimal(fact.amount_minor, fact.currency),
            fee=None if fact.fee_minor is None else minor_to_decimal(fact.fee_minor, fact.currency),
            counts_on=fact.counts_on,
            counts_at=fact.counts_at,
            reversed_on=fact.reversed_on,
            reversed_at=fact.reversed_at,
            account_id=fact.account_id,
            venture_id=fact.venture_id,
            customer_id=fact.customer_id,
            payment_id=fact.payment_id,
            evidence=fact.evidence,
        )


class CashAmounts(BaseModel):
    """What moved in one currency, each by its own date.

    ``received`` is captured payments; ``refunded`` and ``disputed`` are signed (usually negative; what
    failed or was reinstated is added back); ``net`` is their sum: payments received. ``deposited`` is
    what arrived at the bank. ``net_unlinked``: the part of ``net`` that is not linked to an account.
    """

    currency: CurrencyCode
    received: Amount
    refunded: Amount
    disputed: Amount
    net: Amount
    net_unlinked: Amount
    deposited: Amount


class CashMonth(BaseModel):
    """One month: amounts in the base currency, and other currencies beside them, never added."""

    month: str
    total: CashAmounts
    unconverted: list[CashAmounts]


class CashFlow(BaseModel):
    """Money by month of the organization's calendar, months without any included."""

    base_currency: CurrencyCode
    months: list[CashMonth]
