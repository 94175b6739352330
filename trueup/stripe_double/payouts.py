"""Payouts to the bank: sent, arrived, failed (also afterwards), canceled."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from trueup.stripe_double.journal import Happened, Journal, Json, epoch


@dataclass(slots=True)
class Payout:
    """Money on its way to the bank, in Stripe minor units (a debit is negative)."""

    id: str
    amount: int
    currency: str
    created: datetime
    arrival: date
    transaction: str
    automatic: bool = True
    status: str = "in_transit"
    reconciled: bool = False
    failure_code: str | None = None


def payout_json(payout: Payout, journal: Journal) -> Json:
    """The payout object; ``arrival_date`` is midnight UTC of the day."""
    reconciliation = "completed" if payout.reconciled else "in_progress"
    return {
        "id": payout.id,
        "object": "payout",
        "amount": payout.amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": epoch(datetime.combine(payout.arrival, time.min, UTC)),
        "automatic": payout.automatic,
        "balance_transaction": payout.transaction,
        "created": epoch(payout.created),
        "currency": payout.currency,
        "description": "STRIPE PAYOUT",
        "destination": f"ba_1{payout.id[3:]}",
        "failure_balance_transaction": None,
        "failure_code": payout.failure_code,
        "failure_message": "The bank account has been closed." if payout.failure_code else None,
        "livemode": journal.livemode,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": reconciliation if payout.automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": payout.status,
        "trace_id": None,
        "type": "bank_account",
    }


class Payouts:
    """The account's payouts."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def send(
        self, amount: int, currency: str, at: datetime, *, arrival: date, automatic: bool = True
    ) -> Happened[Payout]:
        """Money leaves for the bank and should arrive on a day."""
        journal = self._journal
        payout = Payout(journal.new_id("po"), amount, currency.lower(), at, arrival, journal.new_id("txn"), automatic)
        journal.balance[payout.currency] -= amount
        return Happened(payout, self._told(payout, at, "created"))

    def arrive(self, payout: Payout, at: datetime) -> Happened[Payout]:
        """It is at the bank."""
        payout.status = "paid"
        return Happened(payout, self._told(payout, at, "updated", "paid"))

    def reconcile(self, payout: Payout, at: datetime) -> Happened[Payout]:
        """All balance transactions of an automatic payout are known."""
        payout.reconciled = True
        return Happened(payout, self._told(payout, at, "reconciliation_completed"))

    def fail(self, payout: Payout, at: datetime) -> Happened[Payout]:
        """The bank refuses it, possibly days after it was paid."""
        payout.status, payout.failure_code = "failed", "account_closed"
        return self._back(payout, at, "updated", "failed")

    def cancel(self, payout: Payout, at: datetime) -> Happened[Payout]:
        """It was called back before it left."""
        payout.status = "canceled"
        return self._back(payout, at, "updated", "canceled")

    def _back(self, payout: Payout, at: datetime, *whats: str) -> Happened[Payout]:
        self._journal.balance[payout.currency] += payout.amount
        return Happened(payout, self._told(payout, at, *whats))

    def _told(self, payout: Payout, at: datetime, *whats: str) -> list[Json]:
        return [self._journal.event(f"payout.{what}", payout_json(payout, self._journal), at) for what in whats]
