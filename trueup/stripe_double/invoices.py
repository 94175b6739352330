"""What happens to invoices: made, paid, paid elsewhere, failed, voided, given up."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from trueup.stripe_double.customers import Customer
from trueup.stripe_double.invoice_shape import Invoice, Line, invoice_json
from trueup.stripe_double.journal import Happened, Journal, Json, epoch
from trueup.stripe_double.payments import Payments
from trueup.stripe_double.subscription_shape import Subscription


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def discount_amount(subscription: Subscription, subtotal: int, at: datetime) -> int:
    """What the discounts in force take off an invoice, in Stripe minor units."""
    left = subtotal
    for discount in subscription.discounts:
        if discount.end and discount.end <= at:
            continue
        coupon = discount.coupon
        off = _whole(left * coupon.percent_off / 100) if coupon.percent_off else coupon.amount_off or 0
        left -= min(off, left)
    return subtotal - left


class Invoices:
    """The account's invoices."""

    def __init__(self, journal: Journal, payments: Payments) -> None:
        self._journal = journal
        self._payments = payments

    def bill(self, subscription: Subscription, at: datetime, reason: str, *, paid: bool = True) -> list[Json]:
        """The invoice of the subscription's current period (``reason``: create or cycle), paid at once or not."""
        lines = [
            Line(
                self._journal.new_id("il"),
                _whole(item.price.unit_amount * item.quantity),
                f"{item.quantity} x {item.price.nickname or 'Subscription'}",
                item.price,
                item.id,
                item.quantity,
            )
            for item in subscription.items
            if not item.price.metered and not item.price.tiered
        ]
        invoice = self._new(subscription.customer, subscription.currency, lines, at, f"subscription_{reason}")
        invoice.subscription = subscription
        invoice.period_start, invoice.period_end = subscription.period_start, subscription.period_end
        invoice.discount = discount_amount(subscription, invoice.subtotal, at)
        subscription.latest_invoice = invoice.id
        events = self._told(invoice, "created", at) + self.finalize(invoice, at)
        return events + (self.pay(invoice, at) if paid else self.fail(invoice, at))

    def one_off(
        self, customer: Customer, amount: int, currency: str, at: datetime, description: str = "Services"
    ) -> Happened[Invoice]:
        """An open invoice without a subscription."""
        line = Line(self._journal.new_id("il"), amount, description)
        invoice = self._new(customer, currency, [line], at, "manual")
        return Happened(invoice, self._told(invoice, "created", at) + self.finalize(invoice, at))

    def finalize(self, invoice: Invoice, at: datetime) -> list[Json]:
        """A draft becomes open: its amounts are fixed."""
        invoice.status, invoice.finalized_at = "open", at
        return self._told(invoice, "finalized", at)

    def pay(self, invoice: Invoice, at: datetime) -> Happened[Invoice]:
        """Paid through Stripe (an invoice of nothing is paid without a payment)."""
        events: list[Json] = []
        if amount := invoice.total - invoice.credited_before:
            metadata = invoice.subscription.metadata if invoice.subscription else None
            taken = self._payments.take(
                invoice.customer, amount, invoice.currency, at, invoice=invoice.id, metadata=metadata
            )
            invoice.payment, events = taken.subject, list(taken)
        return Happened(invoice, events + self._paid(invoice, at))

    def pay_out_of_band(self, invoice: Invoice, at: datetime) -> Happened[Invoice]:
        """Paid by other means: no payment of Stripe's belongs to it."""
        invoice.out_of_band = True
        return Happened(invoice, self._paid(invoice, at))

    def fail(self, invoice: Invoice, at: datetime) -> Happened[Invoice]:
        """An attempt to collect it fails."""
        invoice.attempts += 1
        failed = self._payments.fail(invoice.customer, invoice.total, invoice.currency, at, invoice=invoice.id)
        return Happened(invoice, failed + self._told(invoice, "payment_failed", at))

    def void(self, invoice: Invoice, at: datetime) -> Happened[Invoice]:
        """It was a mistake: nothing is owed."""
        invoice.status, invoice.voided_at = "void", at
        return Happened(invoice, self._told(invoice, "voided", at))

    def give_up(self, invoice: Invoice, at: datetime) -> Happened[Invoice]:
        """Marked uncollectible."""
        invoice.status, invoice.uncollectible_at = "uncollectible", at
        return Happened(invoice, self._told(invoice, "marked_uncollectible", at))

    def told_updated(self, invoice: Invoice, at: datetime, previous: Json) -> list[Json]:
        """``invoice.updated``, e.g. after a credit note."""
        body = invoice_json(invoice, self._journal)
        return [self._journal.event("invoice.updated", body, at, previous)]

    def _new(self, customer: Customer, currency: str, lines: list[Line], at: datetime, reason: str) -> Invoice:
        number = customer.next_invoice_number()
        return Invoice(self._journal.new_id("in"), number, customer, currency.lower(), lines, at, reason)

    def _paid(self, invoice: Invoice, at: datetime) -> list[Json]:
        previous: Json = {"status": invoice.status, "amount_paid": 0}
        invoice.status, invoice.paid_at, invoice.attempts = "paid", at, invoice.attempts + 1
        told = self.told_updated(invoice, at, previous)
        told += self._told(invoice, "paid", at) + self._told(invoice, "payment_succeeded", at)
        if self._journal.version.basil and invoice.total:
            told.append(self._journal.event("invoice_payment.paid", self._invoice_payment(invoice, at), at))
        return told

    def _invoice_payment(self, invoice: Invoice, at: datetime) -> Json:
        """Since basil this object is the link between an invoice and its payment."""
        way: Json = {"type": "payment_record", "payment_record": self._journal.new_id("pr")}
        if invoice.payment:
            way = {"type": "payment_intent", "payment_intent": invoice.payment.intent}
        amount = invoice.total - invoice.credited_before
        return {
            "id": self._journal.new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": amount,
            "amount_requested": amount,
            "created": epoch(invoice.created),
            "currency": invoice.currency,
            "invoice": invoice.id,
            "is_default": True,
            "livemode": self._journal.livemode,
            "payment": way,
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": epoch(at)},
        }

    def _told(self, invoice: Invoice, what: str, at: datetime) -> list[Json]:
        return [self._journal.event(f"invoice.{what}", invoice_json(invoice, self._journal), at)]
