"""What happens to payments: taken, authorised and captured, failed, settled."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from trueup.stripe_double.customers import Customer
from trueup.stripe_double.journal import Happened, Journal, Json
from trueup.stripe_double.payment_shape import Payment, charge_json, intent_json, stripe_fee

# Since 2024 Stripe captures asynchronously: the balance transaction comes a moment later.
_SETTLES_AFTER = timedelta(seconds=2)


class Payments:
    """The account's payments: payment intents with their charges."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def take(
        self,
        customer: Customer,
        amount: int,
        currency: str,
        at: datetime,
        *,
        invoice: str | None = None,
        metadata: Mapping[str, str] | None = None,
        direct: bool = False,
        settled: bool = True,
    ) -> Happened[Payment]:
        """A captured payment. ``direct``: a charge without a payment intent (the older way).

        ``settled``: its balance transaction follows with ``charge.updated`` (before 2022-11-15 it was
        there at once); otherwise call ``settle`` later.
        """
        payment = self._new(customer, amount, currency, at, invoice=invoice, metadata=metadata, direct=direct)
        payment.captured = amount
        self._earn(payment, amount)
        if self._journal.version.lists_inside:
            payment.transaction = self._journal.new_id("txn")
        events = [self._charge(payment, "charge.succeeded", at)]
        events += [] if direct else [self._intent(payment, "payment_intent.succeeded", at)]
        if settled and payment.transaction is None:
            events += self.settle(payment, at + _SETTLES_AFTER)
        return Happened(payment, events)

    def authorise(
        self,
        customer: Customer,
        amount: int,
        currency: str,
        at: datetime,
        *,
        metadata: Mapping[str, str] | None = None,
    ) -> Happened[Payment]:
        """Money is set aside and not yet captured: it does not count."""
        payment = self._new(customer, amount, currency, at, metadata=metadata)
        return Happened(
            payment,
            [
                self._charge(payment, "charge.succeeded", at),
                self._intent(payment, "payment_intent.amount_capturable_updated", at),
            ],
        )

    def capture(self, payment: Payment, at: datetime, amount: int | None = None) -> Happened[Payment]:
        """Take what was authorised, or a part of it."""
        payment.captured = payment.amount if amount is None else amount
        self._earn(payment, payment.captured)
        payment.transaction = self._journal.new_id("txn")
        return Happened(
            payment,
            [
                self._charge(payment, "charge.captured", at),
                self._intent(payment, "payment_intent.succeeded", at),
            ],
        )

    def settle(self, payment: Payment, at: datetime) -> Happened[Payment]:
        """The balance transaction is known."""
        payment.transaction = self._journal.new_id("txn")
        previous: Json = {"balance_transaction": None}
        return Happened(payment, [self._charge(payment, "charge.updated", at, previous)])

    def fail(
        self, customer: Customer, amount: int, currency: str, at: datetime, *, invoice: str | None = None
    ) -> Happened[Payment]:
        """The bank declines: nothing is captured."""
        payment = self._new(customer, amount, currency, at, invoice=invoice)
        payment.failed = True
        return Happened(
            payment,
            [self._charge(payment, "charge.failed", at), self._intent(payment, "payment_intent.payment_failed", at)],
        )

    def _new(
        self,
        customer: Customer,
        amount: int,
        currency: str,
        at: datetime,
        *,
        invoice: str | None = None,
        metadata: Mapping[str, str] | None = None,
        direct: bool = False,
    ) -> Payment:
        return Payment(
            None if direct else self._journal.new_id("pi"),
            self._journal.new_id("ch"),
            customer,
            amount,
            currency.lower(),
            at,
            invoice,
            dict(metadata or {}),
        )

    def _earn(self, payment: Payment, amount: int) -> None:
        self._journal.balance[payment.currency] += amount - stripe_fee(amount)

    def _charge(self, payment: Payment, kind: str, at: datetime, previous: Json | None = None) -> Json:
        return self._journal.event(kind, charge_json(payment, self._journal), at, previous)

    def _intent(self, payment: Payment, kind: str, at: datetime) -> Json:
        return self._journal.event(kind, intent_json(payment, self._journal), at)
