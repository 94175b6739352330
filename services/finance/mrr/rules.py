"""MRR of subscription items (06-finance, Revenue), at full precision.

The MRR of an item is its unit amount x quantity, normalised to a month, after inclusive tax was
taken out. Discounts lower it while they are in force. Nothing is rounded here except a fixed
discount's shares; ``recurring_revenue`` quantizes the sum once, so that sums over subscriptions
are exact.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce

from services.finance.policy.rules import MetricPolicy
from shared.contracts.ingestion import SubscriptionDiscount, SubscriptionItem
from shared.kernel.allocation import allocate
from shared.kernel.money import EXACT, quantize

FIGURE_PLACES = 6
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


def monthly(amount: Decimal, interval: str, interval_count: int, policy: MetricPolicy) -> Decimal:
    """An amount per billing interval as an amount per month.

    day x 365/12, week x the policy's week factor, month / n, year / 12n; n is ``interval_count``,
    the number of intervals in one billing period.
    """
    over, under = {
        "day": (Decimal(365), Decimal(12)),
        "week": policy.week_factor.ratio,
        "month": (Decimal(1), Decimal(1)),
        "year": (Decimal(1), Decimal(12)),
    }[interval]
    return EXACT.divide(EXACT.multiply(amount, over), EXACT.multiply(under, Decimal(interval_count)))


def is_recurring(item: SubscriptionItem) -> bool:
    """Whether an item has a known price that comes back every interval.

    One-time (no interval) and metered items have no MRR; a tiered or unknown price is not guessed.
    """
    return (
        item.interval in ("day", "week", "month", "year")
        and item.interval_count > 0
        and not item.metered
        and item.unit_amount is not None
    )


def item_mrr(item: SubscriptionItem, policy: MetricPolicy) -> Decimal:
    """MRR of one item before discounts, without inclusive tax."""
    if not is_recurring(item) or item.interval is None or item.unit_amount is None:
        return _ZERO
    gross = EXACT.multiply(item.unit_amount, Decimal(item.quantity))
    net = EXACT.divide(EXACT.multiply(gross, _HUNDRED), EXACT.add(_HUNDRED, item.inclusive_tax_pct))
    return monthly(net, item.interval, item.interval_count, policy)


def in_force(discount: SubscriptionDiscount, at: datetime) -> bool:
    """Whether a discount applies at an instant: ``start <= at < end``."""
    return discount.start <= at and (discount.end is None or at < discount.end)


def item_parts(
    items: Sequence[SubscriptionItem],
    discounts: Iterable[SubscriptionDiscount],
    at: datetime,
    policy: MetricPolicy,
) -> list[Decimal]:
    """MRR of each item after the discounts in force at an instant, in the items' order.

    Discounts apply one after the other in the order in which the subscription carries them.
    """
    parts = [item_mrr(item, policy) for item in items]
    for discount in discounts:
        if not (policy.discounts.counts(discount.duration) and in_force(discount, at)):
            continue
        if discount.percent_off is not None:
            kept = EXACT.divide(EXACT.subtract(_HUNDRED, discount.percent_off), _HUNDRED)
            parts = [EXACT.multiply(part, kept) for part in parts]
        elif discount.amount_off is not None:
            parts = _less_fixed(items, parts, discount.amount_off, policy)
    return parts


def _less_fixed(
    items: Sequence[SubscriptionItem], parts: Sequence[Decimal], amount_off: Decimal, policy: MetricPolicy
) -> list[Decimal]:
    """A fixed discount (an amount off each bill), shared over the items by MRR; no item below 0.

    The shares are cumulatively rounded in the order of the items' ids, so that they do not depend
    on the order in which the items were listed, and each is spread over its item's billing period.
    """
    payers = sorted((item.item_id, place) for place, item in enumerate(items) if parts[place] > 0)
    if not payers:
        return list(parts)
    shares = allocate(amount_off, [parts[place] for _, place in payers], FIGURE_PLACES)
    lowered = list(parts)
    for (_, place), share in zip(payers, shares, strict=True):
        item = items[place]
        assert item.interval is not None, "an item with MRR has an interval"
        off = monthly(share, item.interval, item.interval_count, policy)
        lowered[place] = max(_ZERO, EXACT.subtract(parts[place], off))
    return lowered


def _rounded_sum(parts: Iterable[Decimal]) -> Decimal:
    return quantize(reduce(EXACT.add, parts, _ZERO), FIGURE_PLACES)


def recurring_revenue(
    items: Sequence[SubscriptionItem],
    discounts: Iterable[SubscriptionDiscount],
    at: datetime,
    policy: MetricPolicy,
) -> Decimal:
    """MRR of a subscription's items at an instant, half-even to 6 decimals, in its own currency."""
    return _rounded_sum(item_parts(items, discounts, at, policy))
