"""Prices, with the older plan object that Stripe still sends beside them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trueup.stripe_double.journal import Journal, Json, epoch


@dataclass(frozen=True, slots=True)
class Price:
    """A recurring price; ``unit_amount`` counts Stripe minor units and may have up to 12 decimals.

    ``tiered``: the unit amount depends on the quantity, so Stripe gives none.
    """

    id: str
    product: str
    created: datetime
    currency: str
    unit_amount: Decimal
    interval: str = "month"
    interval_count: int = 1
    metered: bool = False
    tiered: bool = False
    inclusive_tax: bool = False
    nickname: str | None = None


def _amounts(price: Price) -> tuple[int | None, str | None]:
    if price.tiered:
        return None, None
    whole = int(price.unit_amount) if price.unit_amount == int(price.unit_amount) else None
    return whole, format(price.unit_amount.normalize(), "f")


def price_json(price: Price, journal: Journal) -> Json:
    """The price object."""
    whole, exact = _amounts(price)
    return {
        "id": price.id,
        "object": "price",
        "active": True,
        "billing_scheme": "tiered" if price.tiered else "per_unit",
        "created": epoch(price.created),
        "currency": price.currency,
        "custom_unit_amount": None,
        "livemode": journal.livemode,
        "lookup_key": None,
        "metadata": {},
        "nickname": price.nickname,
        "product": price.product,
        "recurring": {
            "interval": price.interval,
            "interval_count": price.interval_count,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "metered" if price.metered else "licensed",
        },
        "tax_behavior": "inclusive" if price.inclusive_tax else "exclusive",
        "tiers_mode": "graduated" if price.tiered else None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": whole,
        "unit_amount_decimal": exact,
    }


def plan_json(price: Price, journal: Journal) -> Json:
    """The plan object: the price as it was named before prices."""
    whole, exact = _amounts(price)
    return {
        "id": price.id,
        "object": "plan",
        "active": True,
        "amount": whole,
        "amount_decimal": exact,
        "billing_scheme": "tiered" if price.tiered else "per_unit",
        "created": epoch(price.created),
        "currency": price.currency,
        "interval": price.interval,
        "interval_count": price.interval_count,
        "livemode": journal.livemode,
        "metadata": {},
        "meter": None,
        "nickname": price.nickname,
        "product": price.product,
        "tiers_mode": "graduated" if price.tiered else None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "metered" if price.metered else "licensed",
    }


class Prices:
    """The account's prices (they make no events that this double needs)."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def create(
        self,
        unit_amount: int | Decimal,
        currency: str,
        at: datetime,
        *,
        interval: str = "month",
        interval_count: int = 1,
        metered: bool = False,
        tiered: bool = False,
        inclusive_tax: bool = False,
        nickname: str | None = None,
    ) -> Price:
        """A new recurring price in Stripe minor units of ``currency``."""
        return Price(
            self._journal.new_id("price"),
            self._journal.new_id("prod"),
            at,
            currency.lower(),
            Decimal(unit_amount),
            interval,
            interval_count,
            metered,
            tiered,
            inclusive_tax,
            nickname,
        )
