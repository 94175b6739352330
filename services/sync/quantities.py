"""How a derived figure is cut to what a column and an event can hold."""

from decimal import Decimal
from functools import cache

from shared.kernel.money import EXACT, quantize

PLACES = 6
LARGEST = Decimal("99999999999999.999999")
"""The largest figure of a NUMERIC(20,6) column."""


def stored_figure(value: Decimal) -> Decimal:
    """``value`` half-even to 6 decimals.

    A figure beyond the column (a percentage of a nearly vanishing target, costs that grow
    tenfold a month) is held at the column's limit: its sign and its status are what matters.
    """
    if value > LARGEST:
        return LARGEST
    if value < -LARGEST:
        return -LARGEST
    return quantize(value, PLACES)


def stored_figure_or_none(value: Decimal | None) -> Decimal | None:
    """As ``stored_figure``; nothing stays nothing."""
    return None if value is None else stored_figure(value)


@cache
def _divided(numerator: int, denominator: int) -> Decimal:
    return EXACT.divide(Decimal(numerator), Decimal(denominator))


def share(numerator: int, denominator: int) -> Decimal:
    """An exact-context quotient of two small counts (days of a month); there are few of them."""
    return _divided(numerator, denominator)
