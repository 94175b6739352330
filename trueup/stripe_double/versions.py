"""What differs between Stripe's API versions, as far as it reaches a webhook payload.

Sources: https://docs.stripe.com/changelog (2022-11-15, basil 2025-03-31, clover 2025-09-30).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """One API version and its traits.

    ``basil``: periods live on subscription items, an invoice names its subscription under ``parent`` and no
    longer its payment, payment intents and charges no longer name their invoice. ``coupon_by_id``: a discount
    gives its coupon as ``source.coupon``, by id. ``lists_inside``: a payment intent carries its charges and a
    charge its refunds. ``order_reference``: a payment intent names its invoice in ``payment_details``.
    """

    name: str
    basil: bool = False
    coupon_by_id: bool = False
    lists_inside: bool = False
    order_reference: bool = False


OLD = ApiVersion("2020-08-27", lists_inside=True)
LEGACY = ApiVersion("2024-06-20")
BASIL = ApiVersion("2025-07-30.basil", basil=True)
CLOVER = ApiVersion("2025-09-30.clover", basil=True, coupon_by_id=True, order_reference=True)
VERSIONS = (OLD, LEGACY, BASIL, CLOVER)
