"""One payment from the several objects through which Stripe shows it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from services.ingestion.ledger.rules import Draft, Seen, at, evidence_of, first_claim, first_fact
from services.ingestion.stripe_object.rules.observation import Facts

INVOICE_TYPES = ("invoice_paid", "invoice_payment")


@dataclass(slots=True)
class MoneyGroup:
    """Everything that belongs to one payment, by its id: the payment intent's, else the charge's."""

    payment_id: str
    charges: list[Seen] = field(default_factory=list)
    intents: list[Seen] = field(default_factory=list)
    invoices: list[Seen] = field(default_factory=list)
    refunds: list[Seen] = field(default_factory=list)
    disputes: list[Seen] = field(default_factory=list)
    fees: dict[str, Facts] = field(default_factory=dict)

    @property
    def sources(self) -> list[Seen]:
        """The objects that show the payment itself, the most telling first."""
        return [*self.charges, *self.intents, *self.invoices]

    @property
    def customer_id(self) -> str | None:
        """Who paid."""
        customer: str | None = first_fact(self.sources, "customer")
        return customer

    def charge(self, charge_id: str | None) -> Seen | None:
        """One of its charges."""
        return next((charge for charge in self.charges if charge.object_id == charge_id), None)


def group_by_payment(seen: Iterable[Seen]) -> dict[str, MoneyGroup]:
    """Objects sorted into payments. What names a charge only belongs to that charge's payment intent."""
    found = sorted(seen, key=lambda each: (each.second, each.object_id))
    intent_of = {each.object_id: each.facts.get("intent") for each in found if each.object_type == "charge"}
    groups: defaultdict[str, MoneyGroup] = defaultdict(lambda: MoneyGroup(""))
    for each in found:
        key = _payment_id(each, intent_of)
        group = groups[key]
        group.payment_id = key
        if each.object_type == "balance_transaction":
            group.fees[each.object_id] = each.facts
        else:
            _shelf(group, each.object_type).append(each)
    return dict(groups)


def _payment_id(each: Seen, intent_of: Mapping[str, str | None]) -> str:
    if each.object_type == "payment_intent":
        return each.object_id
    charge: str | None = each.object_id if each.object_type == "charge" else each.facts.get("charge")
    return each.facts.get("intent") or (charge and (intent_of.get(charge) or charge)) or each.object_id


def _shelf(group: MoneyGroup, object_type: str) -> list[Seen]:
    if object_type in INVOICE_TYPES:
        return group.invoices
    return {
        "charge": group.charges,
        "payment_intent": group.intents,
        "refund": group.refunds,
        "dispute": group.disputes,
    }[object_type]


def payment_of(group: MoneyGroup) -> Draft | None:
    """The payment, or None while nothing was ever seen captured.

    Charges tell more than the payment intent, and that more than the invoice: the amount is what the
    captured charges say; only without one the intent's received amount, else the invoice's. A payment
    once seen stays a row, with 0 when its newest state takes it back.
    """
    if not any("counted" in each.marks for each in group.sources):
        return None
    counting = [each for each in group.charges if each.facts["counted"]]
    if not counting:
        counting = _counting_intents(group) or _counting_invoices(group)
    shown = counting or group.sources
    charge_id = _charge_id(group, counting)
    columns = {
        "currency": shown[-1].facts["currency"],
        "charge_id": charge_id,
        "invoice_id": first_fact(group.sources, "invoice"),
        "amount_minor": sum(each.facts["counted"] for each in counting),
        "fee_minor": _fee(group, counting),
        "occurred_at": at(min(_captured_at(each) for each in shown)),
    }
    return Draft(
        key=group.payment_id,
        columns=columns,
        customer_id=group.customer_id,
        account_claim=first_claim(group.sources, "account"),
        venture_claim=first_claim(group.sources, "venture"),
        evidence=evidence_of(group.sources),
    )


def _counting_intents(group: MoneyGroup) -> list[Seen]:
    return [each for each in group.intents if each.facts["counted"] and not _denied(group, each)]


def _counting_invoices(group: MoneyGroup) -> list[Seen]:
    """The one invoice payment that stands for the money: an invoice and its own list of payments say it twice."""
    standing = [each for each in group.invoices if each.facts["counted"] and not _denied(group, each)]
    if any("counted" in each.marks for each in group.intents):
        return []
    by_invoice = {each.facts["invoice"]: each for each in standing}
    return [by_invoice[name] for name in sorted(by_invoice, key=str)]


def _denied(group: MoneyGroup, source: Seen) -> bool:
    """Whether a charge that the source rests on is known, from later, to have failed."""
    rests_on = source.facts.get("charge")
    return any(
        charge.facts["status"] == "failed" and charge.second >= source.second
        for charge in group.charges
        if rests_on in (None, charge.object_id)
    )


def _captured_at(source: Seen) -> int:
    """When the money was taken.

    A charge's own time when it was captured at once, else the time of its later capture; for the payment
    intent or the invoice, when it was first seen paid.
    """
    facts, marks = source.facts, source.marks
    if source.object_type == "charge":
        if "captured" in marks:
            return marks["captured"]
        if "uncaptured" in marks and "counted" in marks:
            return marks["counted"]
        return int(facts["created"])
    if source.object_type in INVOICE_TYPES:
        return int(facts["paid_at"])
    return marks.get("counted", source.second)


def _charge_id(group: MoneyGroup, counting: list[Seen]) -> str | None:
    charges = [each for each in counting if each.object_type == "charge"] or group.charges
    if charges:
        return charges[-1].object_id
    charge_id: str | None = first_fact([*group.intents, *group.invoices], "charge")
    return charge_id


def _fee(group: MoneyGroup, counting: list[Seen]) -> int | None:
    """Stripe's fee, when the balance transactions of all counting charges are known in the charge's currency."""
    fees = []
    for charge in counting:
        known = group.fees.get(charge.facts.get("balance_transaction") or "")
        if known is None or known["currency"] != charge.facts["currency"]:
            return None
        fees.append(int(known["fee"]))
    return sum(fees) if fees else None


def superseded(groups: Mapping[str, MoneyGroup], asked: Iterable[str]) -> list[Draft]:
    """Payments once known by their charge, which turned out to belong to a payment intent: they count nothing."""
    drafts = []
    for group in groups.values():
        for charge in group.charges:
            if charge.object_id in asked and charge.object_id != group.payment_id:
                payment = payment_of(group)
                if payment is not None:
                    columns = payment.columns | {"amount_minor": 0, "fee_minor": None}
                    drafts.append(replace(payment, key=charge.object_id, columns=columns, only_if_known=True))
    return drafts
