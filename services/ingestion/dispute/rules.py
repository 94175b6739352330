"""Disputes: money that a bank takes back, and may return."""

from services.ingestion.ledger.rules import Draft, Seen, at, at_or_none, evidence_of, first_claim
from services.ingestion.payment.rules.derivation import MoneyGroup
from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.observation import Facts, Marks
from services.ingestion.stripe_object.rules.values import Json

CLOSED = frozenset(["won", "lost", "warning_closed", "charge_refunded", "prevented"])
"""The statuses in which a dispute is decided."""


def read_dispute(dispute: Json, second: int, event_type: str) -> tuple[Facts, Marks]:
    """A dispute. Marks ``withdrawn`` and ``reinstated`` by the events of that name.

    Its balance transactions tell the fee (summed: a returned fee is a negative one), and, should those
    events not have come, when money left and came back.
    """
    code = values.currency(dispute)
    movements = values.objects(dispute, "balance_transactions")
    taken = [values.moment(each, "created") for each in movements if (values.whole(each, "amount") or 0) < 0]
    returned = [values.moment(each, "created") for each in movements if (values.whole(each, "amount") or 0) > 0]
    facts = {
        "currency": code,
        "amount": values.required_minor(dispute, "amount", code),
        "status": values.required_text(dispute, "status"),
        "reason": values.text(dispute, "reason"),
        "created": values.required_moment(dispute, "created"),
        "charge": values.reference(dispute, "charge"),
        "intent": values.reference(dispute, "payment_intent"),
        "fee": _fee(movements, code),
        "taken_at": min((each for each in taken if each is not None), default=None),
        "returned_at": min((each for each in returned if each is not None), default=None),
        **values.claims(dispute),
    }
    marks: Marks = {}
    if event_type == "charge.dispute.funds_withdrawn":
        marks["withdrawn"] = second
    if event_type == "charge.dispute.funds_reinstated":
        marks["reinstated"] = second
    return facts, marks


def _fee(movements: list[Json], code: str) -> int | None:
    """The fees of the movements, if there are any and all are in the dispute's currency."""
    if not movements or any(values.currency(each) != code for each in movements):
        return None
    return sum(values.required_minor(each, "fee", code) for each in movements)


def disputes_of(group: MoneyGroup) -> list[Draft]:
    """All disputes of a payment."""
    return [_draft(group, dispute) for dispute in group.disputes]


def _draft(group: MoneyGroup, dispute: Seen) -> Draft:
    facts = dispute.facts
    return Draft(
        key=dispute.object_id,
        columns={
            "currency": facts["currency"],
            "payment_id": group.payment_id if group.payment_id != dispute.object_id else None,
            "charge_id": facts["charge"],
            "amount_minor": facts["amount"],
            "status": facts["status"],
            "reason": facts["reason"],
            "opened_at": at(facts["created"]),
            "withdrawn_at": at_or_none(dispute.marks.get("withdrawn", facts["taken_at"])),
            "reinstated_at": at_or_none(dispute.marks.get("reinstated", facts["returned_at"])),
            "fee_minor": facts["fee"],
        },
        customer_id=group.customer_id,
        account_claim=first_claim([dispute, *group.sources], "account"),
        venture_claim=first_claim([dispute, *group.sources], "venture"),
        evidence=evidence_of([dispute]),
    )
