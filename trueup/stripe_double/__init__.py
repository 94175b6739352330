"""The smallest honest Stripe: what it sends to a webhook endpoint, in four of its API versions.

``StripeAccount`` is a small world of customers, subscriptions, invoices, payments, refunds, disputes and
payouts. Each action changes it and returns the events that Stripe would send, in Stripe's usual order,
with deterministic ids. Nothing is fetched: what Stripe leaves out of an event is left out here too
(a charge names its balance transaction by id, a discount since clover its coupon by id).
"""

from trueup.stripe_double.account import StripeAccount
from trueup.stripe_double.journal import Happened, Json
from trueup.stripe_double.signing import sign
from trueup.stripe_double.versions import BASIL, CLOVER, LEGACY, OLD, VERSIONS, ApiVersion

__all__ = ["BASIL", "CLOVER", "LEGACY", "OLD", "VERSIONS", "ApiVersion", "Happened", "Json", "StripeAccount", "sign"]
