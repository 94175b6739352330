"""Credit notes: an invoice was too high."""

from dataclasses import dataclass
from datetime import datetime

from trueup.stripe_double.invoice_shape import Invoice
from trueup.stripe_double.invoices import Invoices
from trueup.stripe_double.journal import Happened, Journal, Json, epoch, moment, one_page
from trueup.stripe_double.refunds import Refund


@dataclass(slots=True)
class CreditNote:
    """An amount (Stripe minor units) taken off an invoice, before or after it was paid."""

    id: str
    number: str
    invoice: Invoice
    amount: int
    created: datetime
    after_payment: bool
    refund: Refund | None = None
    voided_at: datetime | None = None


def _by_version(note: CreditNote, journal: Journal) -> Json:
    if not journal.version.basil:
        return {"refund": note.refund.id if note.refund else None, "tax_amounts": []}
    refunds = [{"amount_refunded": note.amount, "refund": note.refund.id}] if note.refund else []
    return {
        "post_payment_amount": note.amount if note.after_payment else 0,
        "pre_payment_amount": 0 if note.after_payment else note.amount,
        "refunds": refunds,
        "total_taxes": [],
    }


def _line_json(note: CreditNote, journal: Journal) -> Json:
    return {
        "id": f"cnli_{note.id[3:]}",
        "object": "credit_note_line_item",
        "amount": note.amount,
        "description": "Credit",
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": journal.livemode,
        "quantity": 1,
        "tax_rates": [],
        "type": "custom_line_item",
        "unit_amount": note.amount,
        "unit_amount_decimal": str(note.amount),
    }


def credit_note_json(note: CreditNote, journal: Journal) -> Json:
    """The credit note object."""
    common: Json = {
        "id": note.id,
        "object": "credit_note",
        "amount": note.amount,
        "amount_shipping": 0,
        "created": epoch(note.created),
        "currency": note.invoice.currency,
        "customer": note.invoice.customer.id,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": epoch(note.created),
        "invoice": note.invoice.id,
        "lines": one_page(f"/v1/credit_notes/{note.id}/lines", [_line_json(note, journal)]),
        "livemode": journal.livemode,
        "memo": None,
        "metadata": {},
        "number": note.number,
        "out_of_band_amount": None,
        "pdf": f"https://pay.stripe.example/credit_notes/{note.id}/pdf",
        "pretax_credit_amounts": [],
        "reason": "order_change",
        "shipping_cost": None,
        "status": "void" if note.voided_at else "issued",
        "subtotal": note.amount,
        "subtotal_excluding_tax": note.amount,
        "total": note.amount,
        "total_excluding_tax": note.amount,
        "type": "post_payment" if note.after_payment else "pre_payment",
        "voided_at": moment(note.voided_at),
    }
    return common | _by_version(note, journal)


class CreditNotes:
    """The account's credit notes."""

    def __init__(self, journal: Journal, invoices: Invoices) -> None:
        self._journal = journal
        self._invoices = invoices

    def issue(
        self, invoice: Invoice, amount: int, at: datetime, *, refund: Refund | None = None
    ) -> Happened[CreditNote]:
        """Credit a part of an invoice; after its payment, a refund may go with it."""
        after = invoice.status == "paid"
        note = CreditNote(self._journal.new_id("cn"), f"{invoice.number}-CN-01", invoice, amount, at, after, refund)
        self._book(note, amount)
        return self._told(note, "created", at)

    def update(self, note: CreditNote, at: datetime) -> Happened[CreditNote]:
        """Its text changed."""
        body = credit_note_json(note, self._journal)
        return Happened(note, [self._journal.event("credit_note.updated", body, at, {"memo": None})])

    def void(self, note: CreditNote, at: datetime) -> Happened[CreditNote]:
        """It was a mistake."""
        note.voided_at = at
        self._book(note, -note.amount)
        return self._told(note, "voided", at)

    def _book(self, note: CreditNote, amount: int) -> None:
        if note.after_payment:
            note.invoice.credited_after += amount
        else:
            note.invoice.credited_before += amount

    def _told(self, note: CreditNote, what: str, at: datetime) -> Happened[CreditNote]:
        told = [self._journal.event(f"credit_note.{what}", credit_note_json(note, self._journal), at)]
        return Happened(note, told + self._invoices.told_updated(note.invoice, at, {}))
