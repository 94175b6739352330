"""Coupons, and the discounts that come of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.kernel.periods import add_months
from trueup.stripe_double.journal import Happened, Journal, Json, epoch, moment


@dataclass(slots=True)
class Coupon:
    """A percentage (0-100) or a fixed amount (Stripe minor units) off."""

    id: str
    created: datetime
    duration: str
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str | None = None
    duration_in_months: int | None = None


@dataclass(slots=True)
class Discount:
    """A coupon applied to a customer or to a subscription."""

    id: str
    coupon: Coupon
    start: datetime
    end: datetime | None
    customer: str
    subscription: str | None = None


def coupon_json(coupon: Coupon, journal: Journal) -> Json:
    """The coupon object."""
    percent = None if coupon.percent_off is None else float(coupon.percent_off)
    return {
        "id": coupon.id,
        "object": "coupon",
        "amount_off": coupon.amount_off,
        "created": epoch(coupon.created),
        "currency": coupon.currency,
        "duration": coupon.duration,
        "duration_in_months": coupon.duration_in_months,
        "livemode": journal.livemode,
        "max_redemptions": None,
        "metadata": {},
        "name": None,
        "percent_off": percent,
        "redeem_by": None,
        "times_redeemed": 1,
        "valid": True,
    }


def discount_json(discount: Discount, journal: Journal) -> Json:
    """The discount object; since clover its coupon is given by id and not expanded, in events neither."""
    body: Json = {
        "id": discount.id,
        "object": "discount",
        "checkout_session": None,
        "customer": discount.customer,
        "end": moment(discount.end),
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "start": epoch(discount.start),
        "subscription": discount.subscription,
        "subscription_item": None,
    }
    if journal.version.coupon_by_id:
        return body | {"source": {"coupon": discount.coupon.id, "type": "coupon"}}
    return body | {"coupon": coupon_json(discount.coupon, journal)}


def discount_of(
    journal: Journal, coupon: Coupon, at: datetime, *, customer: str, subscription: str | None = None
) -> Discount:
    """The discount that a coupon gives from ``at``: a repeating one ends after its months."""
    end = None
    if coupon.duration == "repeating" and coupon.duration_in_months:
        end = datetime.combine(add_months(at.date(), coupon.duration_in_months), at.timetz())
    return Discount(journal.new_id("di"), coupon, at, end, customer, subscription)


class Coupons:
    """The account's coupons."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def create(
        self,
        at: datetime,
        *,
        percent_off: Decimal | None = None,
        amount_off: int | None = None,
        currency: str | None = None,
        duration: str = "forever",
        months: int | None = None,
    ) -> Happened[Coupon]:
        """A new coupon: ``duration`` is forever, once, or repeating for a number of months."""
        name = self._journal.new_id("coupon").removeprefix("coupon_")[:8]
        coupon = Coupon(name, at, duration, percent_off, amount_off, currency and currency.lower(), months)
        body = coupon_json(coupon, self._journal)
        return Happened(coupon, [self._journal.event("coupon.created", body, at)])
