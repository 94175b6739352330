"""Refunds: single ones as Stripe lists them, and the rest of a charge's cumulative refunds."""

from itertools import pairwise

from services.ingestion.ledger.rules import Draft, Seen, at, evidence_of, first_claim
from services.ingestion.payment.rules.derivation import MoneyGroup
from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.observation import Facts, Marks
from services.ingestion.stripe_object.rules.values import Json

_STATUSES = frozenset(["pending", "requires_action", "succeeded", "failed", "canceled"])
_GIVEN_BACK = frozenset(["failed", "canceled"])


def read_refund(refund: Json, second: int) -> tuple[Facts, Marks]:
    """A refund. Mark ``failed``: seen failed or canceled. Refunds from before statuses count as succeeded."""
    code = values.currency(refund)
    status = values.text(refund, "status") or "succeeded"
    facts = {
        "currency": code,
        "amount": values.required_minor(refund, "amount", code),
        "status": status if status in _STATUSES else "pending",
        "created": values.required_moment(refund, "created"),
        "charge": values.reference(refund, "charge"),
        "intent": values.reference(refund, "payment_intent"),
        **values.claims(refund),
    }
    return facts, {"failed": second} if status in _GIVEN_BACK else {}


def refunds_of(group: MoneyGroup) -> list[Draft]:
    """All refunds of a payment.

    A refund counts from its creation and is added back when it fails or is canceled. What a charge says
    it refunded beyond all its listed refunds (whatever their status) is ``<charge>:unitemised:<n>``, one
    for each cumulative amount n, dated when that was first seen: nothing counts twice in any order.
    """
    itemised = [_itemised(group, refund) for refund in group.refunds]
    return itemised + [draft for charge in group.charges for draft in _unitemised(group, charge)]


def _itemised(group: MoneyGroup, refund: Seen) -> Draft:
    facts = refund.facts
    charge = group.charge(facts["charge"]) or (group.charges[-1] if group.charges else None)
    # Failed and canceled are final: an older state told later (inside a charge) does not take them back.
    back = "failed" in refund.marks
    status = "failed" if back and facts["status"] not in _GIVEN_BACK else facts["status"]
    void = charge is not None and ("counted" not in charge.marks or refund is _release(group, charge))
    return Draft(
        key=refund.object_id,
        columns={
            "currency": facts["currency"],
            "payment_id": group.payment_id if group.payment_id != refund.object_id else None,
            "charge_id": facts["charge"] or (charge.object_id if charge else None),
            "amount_minor": 0 if void else facts["amount"],
            "status": status,
            "refunded_at": at(facts["created"]),
            "failed_at": at(refund.marks["failed"]) if back else None,
        },
        customer_id=group.customer_id,
        account_claim=first_claim([refund, *group.sources], "account"),
        venture_claim=first_claim([refund, *group.sources], "venture"),
        evidence=evidence_of([refund]),
    )


def _released(charge: Seen) -> int:
    """What a partial capture gave back and Stripe (before "basil") calls refunded: money never taken."""
    return max((int(name.partition(":")[2]) for name in charge.marks if name.startswith("released:")), default=0)


def _release(group: MoneyGroup, charge: Seen) -> Seen | None:
    """The listed refund that stands for the released part: the first one of that amount."""
    released = _released(charge)
    same = [each for each in _listed(group, charge) if released and each.facts["amount"] == released]
    return min(same, key=lambda each: (each.facts["created"], each.object_id), default=None)


def _listed(group: MoneyGroup, charge: Seen) -> list[Seen]:
    """The listed refunds of a charge; one that names the payment intent only belongs to its newest charge."""
    newest = group.charges[-1].object_id
    return [each for each in group.refunds if (each.facts["charge"] or newest) == charge.object_id]


def _unitemised(group: MoneyGroup, charge: Seen) -> list[Draft]:
    released = _released(charge)
    release = _release(group, charge)
    listed = sum(each.facts["amount"] for each in _listed(group, charge) if each is not release)
    refunded = charge.facts["refunded"] - released if "counted" in charge.marks else 0
    steps = sorted(
        (int(name.partition(":")[2]), second) for name, second in charge.marks.items() if "refunded:" in name
    )
    edges = [min(max(amount - released, listed), max(refunded, listed)) for amount, _ in steps]
    parts = [after - before for before, after in pairwise([listed, *edges])]
    return [
        Draft(
            key=f"{charge.object_id}:unitemised:{amount}",
            columns={
                "currency": charge.facts["currency"],
                "payment_id": group.payment_id,
                "charge_id": charge.object_id,
                "amount_minor": part,
                "status": "succeeded",
                "refunded_at": at(second),
                "failed_at": None,
            },
            customer_id=group.customer_id,
            account_claim=first_claim([charge, *group.sources], "account"),
            venture_claim=first_claim([charge, *group.sources], "venture"),
            evidence=evidence_of([charge]),
            only_if_known=part == 0,
        )
        for (amount, second), part in zip(steps, parts, strict=True)
    ]
