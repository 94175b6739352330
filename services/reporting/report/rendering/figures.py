"""Figures as text, with signs and separators as print has them."""

from decimal import Decimal

from services.reporting.report.document import Figure
from services.reporting.report.rules.wording import money_text, months_text, percent_text
from shared.kernel.money import quantize

NONE = "–"  # noqa: RUF001 - an en dash stands for "not known" in tables
_MINUS = "−"  # noqa: RUF001 - the minus sign is meant


def amount(figure: Figure) -> str:
    """An amount without its currency, for a table whose head names it: ``12,450.30``."""
    if figure.value is None:
        return NONE
    value = Decimal(figure.value)
    return f"{_MINUS if value < 0 else ''}{abs(value):,f}"


def signed_percent(figure: Figure) -> str:
    """A percent with its sign and one decimal: ``+12.4 %``."""
    if figure.value is None:
        return NONE
    value = quantize(Decimal(figure.value), 1)
    sign = "+" if value > 0 else _MINUS if value < 0 else ""
    return f"{sign}{percent_text(value)}"


def shown(figure: Figure) -> str:
    """A figure with its unit, as it stands alone."""
    if figure.value is None:
        return NONE
    value = Decimal(figure.value)
    if figure.unit == "money" and figure.currency:
        return money_text(value, figure.currency)
    if figure.unit == "months":
        return months_text(value)
    if figure.unit == "percent":
        return f"{_MINUS if value < 0 else ''}{percent_text(value)}"
    return f"{value:,f} / 40" if figure.unit == "points" else f"{value:,f}"
