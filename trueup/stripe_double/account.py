"""One Stripe account: everything that can happen in it, by noun."""

from datetime import datetime

from trueup.stripe_double.credit_notes import CreditNotes
from trueup.stripe_double.customers import Customers
from trueup.stripe_double.discounts import Coupons
from trueup.stripe_double.disputes import Disputes
from trueup.stripe_double.invoices import Invoices
from trueup.stripe_double.journal import Journal, Json
from trueup.stripe_double.payments import Payments
from trueup.stripe_double.payouts import Payouts
from trueup.stripe_double.prices import Prices
from trueup.stripe_double.refunds import Refunds
from trueup.stripe_double.subscriptions import Subscriptions
from trueup.stripe_double.versions import LEGACY, ApiVersion


class StripeAccount:
    """A Stripe account whose webhook endpoint is pinned to one API version.

    Actions stand by noun (``account.subscriptions.start(...)``), take the instant at which they happen
    and return their events. ``connected``: events carry the account's id, as those of a Connect platform do.
    The same ``seed`` and the same actions give the same ids.
    """

    def __init__(
        self, seed: str, version: ApiVersion = LEGACY, *, connected: bool = False, livemode: bool = False
    ) -> None:
        named = Journal(seed, version, connected_account=None, livemode=livemode)
        self.id = named.new_id("acct")
        self.version = version
        self._journal = Journal(seed, version, connected_account=self.id if connected else None, livemode=livemode)
        self.coupons = Coupons(self._journal)
        self.customers = Customers(self._journal)
        self.prices = Prices(self._journal)
        self.payments = Payments(self._journal)
        self.invoices = Invoices(self._journal, self.payments)
        self.subscriptions = Subscriptions(self._journal, self.invoices)
        self.refunds = Refunds(self._journal)
        self.disputes = Disputes(self._journal)
        self.payouts = Payouts(self._journal)
        self.credit_notes = CreditNotes(self._journal, self.invoices)

    def balance(self, currency: str) -> int:
        """What is left in Stripe after fees, refunds, disputes and payouts, in Stripe minor units."""
        return self._journal.balance[currency.lower()]

    def tell_balance(self, at: datetime) -> list[Json]:
        """``balance.available``: what can be paid out, by currency."""
        amounts = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(self._journal.balance.items())
        ]
        body: Json = {
            "object": "balance",
            "available": amounts,
            "connect_reserved": [],
            "livemode": self._journal.livemode,
            "pending": [entry | {"amount": 0, "source_types": {"card": 0}} for entry in amounts],
        }
        return [self._journal.event("balance.available", body, at)]

    def event(self, kind: str, what: Json, at: datetime) -> Json:
        """Any other event, for types that this double knows nothing of."""
        return self._journal.event(kind, what, at)
