"""Charges, payment intents, invoices and balance transactions, in both shapes of Stripe's API.

Before 2025-03-31 ("basil") an invoice names its charge and payment intent, and a charge its invoice; since
then the invoice lists its payments.
"""

from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.observation import Facts, Marks
from services.ingestion.stripe_object.rules.values import Json


def read_charge(charge: Json, second: int, event_type: str) -> tuple[Facts, Marks]:
    """A charge. ``counted`` is what was captured, never what was only authorised.

    Marks: ``counted`` (seen captured), ``uncaptured`` (seen authorised only), ``captured`` (a later capture),
    ``refunded:<n>`` (cumulative refunds of n), ``released:<n>`` (a partial capture gave back n: until
    "basil" Stripe counted that as refunded).
    """
    code = values.currency(charge)
    amount = values.required_minor(charge, "amount", code)
    captured = values.flag(charge, "captured")
    taken = values.minor(charge, "amount_captured", code)
    succeeded = values.text(charge, "status") == "succeeded"
    counted = (amount if taken is None else taken) if captured and succeeded else 0
    refunded = values.minor(charge, "amount_refunded", code) or 0
    marks: Marks = {}
    if counted:
        marks["counted"] = second
    if succeeded and not captured:
        marks["uncaptured"] = second
    if event_type == "charge.captured":
        marks["captured"] = second
        if captured and 0 < refunded == amount - counted:
            marks[f"released:{refunded}"] = second
    if refunded:
        marks[f"refunded:{refunded}"] = second
    facts = {
        "currency": code,
        "counted": counted,
        "refunded": refunded,
        "status": values.text(charge, "status"),
        "created": values.required_moment(charge, "created"),
        "intent": values.reference(charge, "payment_intent"),
        "customer": values.reference(charge, "customer"),
        "invoice": values.reference(charge, "invoice"),
        "balance_transaction": values.reference(charge, "balance_transaction"),
        **values.claims(charge),
    }
    return facts, marks


def read_intent(intent: Json, second: int) -> tuple[Facts, Marks]:
    """A payment intent. ``counted`` is the amount received."""
    code = values.currency(intent)
    received = values.minor(intent, "amount_received", code)
    if received is None and values.text(intent, "status") == "succeeded":
        received = values.required_minor(intent, "amount", code)
    charges = values.objects(intent, "charges")
    facts = {
        "currency": code,
        "counted": received or 0,
        "charge": values.reference(intent, "latest_charge")
        or (values.required_text(charges[0], "id") if charges else None),
        "customer": values.reference(intent, "customer"),
        "invoice": values.reference(intent, "invoice") or _ordered(intent),
        **values.claims(intent),
    }
    return facts, {"counted": second} if received else {}


def _ordered(intent: Json) -> str | None:
    """The invoice that a payment intent names as its order (since "clover")."""
    order = values.text(values.member(intent, "payment_details") or {}, "order_reference")
    return order if order and order.startswith("in_") else None


def read_invoice(invoice: Json) -> Facts:
    """An invoice; its subscription's metadata speaks for it too."""
    parent = values.member(invoice, "parent") or {}
    details = values.member(parent, "subscription_details") or values.member(invoice, "subscription_details")
    return {
        "currency": values.currency(invoice),
        "status": values.text(invoice, "status"),
        "customer": values.reference(invoice, "customer"),
        "subscription": values.reference(invoice, "subscription")
        or (values.reference(details, "subscription") if details else None),
        **values.claims(invoice, details),
    }


def read_invoice_payments(invoice: Json, second: int) -> list[tuple[str, Facts, Marks]]:
    """The Stripe payments by which an invoice was paid: (key, facts, marks).

    An invoice paid out of band has none: that money never passed through Stripe.
    """
    if values.text(invoice, "status") != "paid" or values.flag(invoice, "paid_out_of_band"):
        return []
    facts = read_invoice(invoice)
    code = facts["currency"]
    paid_at = values.moment(values.member(invoice, "status_transitions") or {}, "paid_at")
    shared = {
        "currency": code,
        "invoice": values.required_text(invoice, "id"),
        "customer": facts["customer"],
        "account": facts["account"],
        "venture": facts["venture"],
        "paid_at": second if paid_at is None else paid_at,
    }
    found = []
    intent, charge = values.reference(invoice, "payment_intent"), values.reference(invoice, "charge")
    if intent or charge:
        amount = values.minor(invoice, "amount_paid", code) or 0
        found.append(shared | {"counted": amount, "intent": intent, "charge": charge})
    for entry in values.objects(invoice, "payments"):
        paid = _invoice_payment(entry, code)
        if paid is not None:
            found.append(shared | paid)
    return [
        (f"{each['invoice']}:{each['intent'] or each['charge']}", each, {"counted": second})
        for each in found
        if each["counted"] > 0
    ]


def _invoice_payment(entry: Json, code: str) -> Facts | None:
    payment = values.member(entry, "payment") or {}
    intent, charge = values.reference(payment, "payment_intent"), values.reference(payment, "charge")
    if values.text(entry, "status") != "paid" or not (intent or charge):
        return None
    return {"counted": values.minor(entry, "amount_paid", code) or 0, "intent": intent, "charge": charge}


def read_invoice_payment(entry: Json, second: int) -> tuple[Facts, Marks]:
    """An ``invoice_payment`` object by itself (``invoice_payment.paid``): which intent paid which invoice."""
    code = values.currency(entry)
    paid = _invoice_payment(entry, code) or {"counted": 0, "intent": None, "charge": None}
    paid_at = values.moment(values.member(entry, "status_transitions") or {}, "paid_at")
    facts = {
        "currency": code,
        "invoice": values.reference(entry, "invoice"),
        "customer": None,
        "account": None,
        "venture": None,
        "paid_at": second if paid_at is None else paid_at,
        **paid,
    }
    return facts, {"counted": second} if facts["counted"] else {}


def read_balance_transaction(transaction: Json) -> Facts:
    """What a movement of the Stripe balance cost."""
    code = values.currency(transaction)
    return {"currency": code, "fee": values.required_minor(transaction, "fee", code)}
