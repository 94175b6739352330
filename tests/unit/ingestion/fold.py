"""The ledger of a list of events, derived in memory by the service's rules, one event at a time."""

from collections import Counter, defaultdict

from services.ingestion.dispute.rules import disputes_of
from services.ingestion.ledger.rules import Draft, Seen
from services.ingestion.payment.rules.derivation import group_by_payment, payment_of
from services.ingestion.payout.rules import payout_of
from services.ingestion.refund.rules import refunds_of
from services.ingestion.stripe_object.rules.mirror import Mirror, merge
from services.ingestion.stripe_object.rules.reading import observations
from services.ingestion.subscription.rules.history import DiscountBook, state_content

MONEY = ("charge", "payment_intent", "invoice_paid", "invoice_payment", "refund", "dispute", "balance_transaction")


def seen(mirror: Mirror) -> Seen:
    newest = mirror.newest
    return Seen(newest.object_type, newest.object_id, newest.second, newest.facts, mirror.marks, mirror.evidence)


class Ledger:
    """Mirrors, and what they come to."""

    def __init__(self, events=(), time_zone: str = "UTC") -> None:
        self.mirrors: dict[tuple, Mirror] = {}
        self.time_zone = time_zone
        for event in events:
            self.take(event)

    def take(self, *events) -> None:
        for event in events:
            found = defaultdict(list)
            for each in observations(event):
                second = each.second if each.object_type == "subscription" else None
                found[each.object_type, each.object_id, second].append(each)
            for key, group in found.items():
                self.mirrors[key] = merge(self.mirrors.get(key), group)

    def all(self, *kinds: str) -> list[Seen]:
        return [seen(mirror) for key, mirror in self.mirrors.items() if key[0] in kinds]

    @property
    def groups(self):
        return group_by_payment(self.all(*MONEY))

    def rows(self) -> dict[tuple[str, str], Draft]:
        """Every row that counts something."""
        drafts: dict[tuple[str, str], Draft] = {}
        for group in self.groups.values():
            payment = payment_of(group)
            if payment:
                drafts["payment", payment.key] = payment
            drafts |= {("refund", draft.key): draft for draft in refunds_of(group)}
            drafts |= {("dispute", draft.key): draft for draft in disputes_of(group)}
        for payout in self.all("payout"):
            drafts["payout", payout.object_id] = payout_of(payout, self.time_zone)
        return {
            key: draft for key, draft in drafts.items() if draft.columns["amount_minor"] and not draft.only_if_known
        }

    def states(self) -> dict[tuple[str, int], dict]:
        """The subscriptions' states by (id, second)."""
        book = DiscountBook.of(self.all("discount", "coupon"))
        deleted: dict[str, int] = {}
        for key, mirror in self.mirrors.items():
            if key[0] == "subscription" and "deleted" in mirror.marks:
                deleted[key[1]] = min(mirror.marks["deleted"], deleted.get(key[1], mirror.marks["deleted"]))
        return {
            (key[1], key[2]): state_content(mirror.facts, key[2], deleted.get(key[1]), book)
            for key, mirror in self.mirrors.items()
            if key[0] == "subscription"
        }

    def net_payments(self) -> dict[tuple[str, str], int]:
        """Net money from customers by (currency, month)."""
        total: Counter = Counter()
        for (noun, _), draft in self.rows().items():
            columns = draft.columns
            amount, currency = columns["amount_minor"], columns["currency"]

            def add(sign, moment, amount=amount, currency=currency):
                if moment is not None:
                    total[currency, f"{moment:%Y-%m}"] += sign * amount

            if noun == "payment":
                add(1, columns["occurred_at"])
            elif noun == "refund":
                add(-1, columns["refunded_at"])
                add(1, columns["failed_at"])
            elif noun == "dispute":
                add(-1, columns["withdrawn_at"])
                add(1, columns["reinstated_at"])
        return {key: amount for key, amount in total.items() if amount}

    def net_payouts(self) -> dict[tuple[str, str], int]:
        """Net deposits by (currency, month)."""
        total: Counter = Counter()
        for (noun, _), draft in self.rows().items():
            columns = draft.columns
            if noun == "payout" and columns["deposited"]:
                total[columns["currency"], f"{columns['arrival_date']:%Y-%m}"] += columns["amount_minor"]
                if columns["reversed_on"]:
                    total[columns["currency"], f"{columns['reversed_on']:%Y-%m}"] -= columns["amount_minor"]
        return {key: amount for key, amount in total.items() if amount}
