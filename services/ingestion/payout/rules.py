"""Payouts: what Stripe sends to the bank (a debit is negative), and what comes back."""

from datetime import UTC, datetime

from services.ingestion.ledger.rules import Draft, Seen, at, evidence_of
from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.observation import Facts, Marks
from services.ingestion.stripe_object.rules.values import Json
from shared.kernel.periods import local_date

_STATUSES = frozenset(["pending", "in_transit", "paid", "failed", "canceled"])
_RETURNED = frozenset(["failed", "canceled"])


def read_payout(payout: Json, second: int) -> tuple[Facts, Marks]:
    """A payout. Marks ``paid`` and ``returned``: seen paid, seen failed or canceled."""
    code = values.currency(payout)
    status = values.required_text(payout, "status")
    if status not in _STATUSES:
        raise values.Malformed(f"payout.status {status!r} is unknown")
    facts = {
        "currency": code,
        "amount": values.required_minor(payout, "amount", code),
        "status": status,
        "arrival": values.required_moment(payout, "arrival_date"),
        "automatic": values.flag(payout, "automatic"),
        **values.claims(payout),
    }
    marks = {"paid": second} if status == "paid" else {}
    return facts, marks | ({"returned": second} if status in _RETURNED else {})


def payout_of(payout: Seen, time_zone: str) -> Draft:
    """A payout is deposited once it was ever paid; failing after that takes it back on the local day it did.

    ``arrival_date`` is midnight UTC of a calendar day, and stays that day in every time zone.
    """
    facts, marks = payout.facts, payout.marks
    deposited = "paid" in marks
    returned = facts["status"] in _RETURNED and deposited
    return Draft(
        key=payout.object_id,
        columns={
            "currency": facts["currency"],
            "amount_minor": facts["amount"],
            "status": facts["status"],
            "arrival_date": datetime.fromtimestamp(facts["arrival"], UTC).date(),
            "automatic": facts["automatic"],
            "deposited": deposited,
            "reversed_on": local_date(at(marks["returned"]), time_zone) if returned else None,
        },
        venture_claim=facts["venture"],
        evidence=evidence_of([payout]),
    )
