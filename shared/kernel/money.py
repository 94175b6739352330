"""Exact money.

Amounts are ``Decimal``; a binary float is refused wherever an amount can enter. Rounding is
half-even to the currency's ISO 4217 exponent and happens at the edge only: when an amount is
stored as a fact or shown.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from shared.kernel.currency import exponent, known_currencies, minor_to_decimal

# Wide enough for every product and quotient of the rules; results are quantized when stored.
EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in one currency. Adding two currencies is an error, not a guess."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError("an amount of money is a Decimal")
        exponent(self.currency)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> "Money":
        """From ISO 4217 minor units."""
        return cls(minor_to_decimal(minor, currency), currency)

    @property
    def minor(self) -> int:
        """ISO 4217 minor units, rounded half-even."""
        return int(self.rounded().amount.scaleb(exponent(self.currency)))

    def rounded(self) -> "Money":
        """Rounded half-even to the currency's exponent."""
        return Money(round_to_currency(self.amount, self.currency), self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {self.currency} and {other.currency}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {round_to_currency(self.amount, self.currency):,f}"


def round_to_currency(amount: Decimal, currency: str) -> Decimal:
    """``amount`` half-even to the currency's ISO 4217 exponent."""
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)), context=EXACT)


def quantize(amount: Decimal, places: int) -> Decimal:
    """``amount`` half-even to a number of decimal places."""
    return amount.quantize(Decimal(1).scaleb(-places), context=EXACT)


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError('give the amount as a string, e.g. "12450.30"; a binary float is not exact')
    if isinstance(value, bool):
        raise ValueError('give the amount as a string, e.g. "12450.30"')
    return value


def _plain(value: Decimal) -> str:
    return format(value, "f")


# Limits come before functions of ours: only right beside the type pydantic checks them without calling Python.
_STRING = WithJsonSchema({"type": "string", "format": "decimal", "pattern": r"^-?\d+(\.\d+)?$"})

Amount = Annotated[
    Decimal,
    Field(max_digits=26, decimal_places=6),
    BeforeValidator(_exact),
    PlainSerializer(_plain, return_type=str, when_used="json"),
    _STRING,
]
"""A money amount or any derived figure: a JSON string with up to 6 decimals."""

UnitAmount = Annotated[
    Decimal,
    Field(max_digits=28, decimal_places=12),
    BeforeValidator(_exact),
    PlainSerializer(_plain, return_type=str, when_used="json"),
    _STRING,
]
"""A unit price: a JSON string with up to 12 decimals (Stripe's decimal unit amounts)."""

Ratio = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(lambda value: _plain(quantize(value, 4)), return_type=str, when_used="json"),
    _STRING,
]
"""A fraction (0.05 is five percent): stored with 6 decimals, given with 4."""

Percent = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(lambda value: _plain(quantize(value, 2)), return_type=str, when_used="json"),
    _STRING,
]
"""A percent (12.40 is twelve point four percent): stored with 6 decimals, given with 2."""


def _known_currency(value: str) -> str:
    if value not in known_currencies():
        raise ValueError("not an ISO 4217 currency code, e.g. MYR")
    return value


CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["MYR"]), AfterValidator(_known_currency)]
"""An ISO 4217 alphabetic currency code."""
