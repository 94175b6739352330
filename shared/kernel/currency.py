"""Currencies: ISO 4217 exponents, and where Stripe's minor units differ from them.

Storage counts in ISO 4217 minor units. Stripe counts in units of its own for a few
currencies (https://docs.stripe.com/currencies), so its amounts are converted at the door.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from babel.core import get_global

STRIPE_ZERO_DECIMAL = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
STRIPE_THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# Codes that ISO 4217 gives to things that are no money (metals, test codes, "no currency").
_NOT_MONEY = frozenset(
    ["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XFU", "XPD", "XPT", "XRE", "XSU", "XTS", "XUA", "XXX"]
)


# Where CLDR's customary display digits differ from ISO 4217's exponent.
_ISO_EXPONENT: dict[str, int] = {
    "IQD": 3,
    **dict.fromkeys(
        ["AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "PKR", "RSD", "SLL", "SOS", "SYP", "YER"], 2
    ),
}


@cache
def known_currencies() -> frozenset[str]:
    """The ISO 4217 alphabetic codes in which money can be held."""
    return frozenset(get_global("all_currencies")) - _NOT_MONEY


@cache
def exponent(currency: str) -> int:
    """Digits after the point in ISO 4217: 0 for JPY, 2 for MYR, 3 for KWD.

    Raises ``ValueError`` for a code that is not a currency.
    """
    if currency not in known_currencies():
        raise ValueError(f"{currency!r} is not an ISO 4217 currency code")
    fractions: Mapping[str, tuple[int, int, int, int]] = get_global("currency_fractions")
    customary = fractions.get(currency, fractions["DEFAULT"])[0]
    return _ISO_EXPONENT.get(currency, customary)


def stripe_exponent(currency: str) -> int:
    """Digits after the point in which Stripe counts a currency's minor units."""
    if currency in STRIPE_ZERO_DECIMAL:
        return 0
    return 3 if currency in STRIPE_THREE_DECIMAL else 2


def stripe_minor_to_iso_minor(amount: int, currency: str) -> int:
    """Stripe's integer amount as ISO 4217 minor units (exact, or ``ValueError``).

    ISK and UGX have no minor unit in ISO 4217 while Stripe counts them in hundredths;
    MGA has two digits in ISO 4217 while Stripe counts whole ariary.
    """
    shift = exponent(currency) - stripe_exponent(currency)
    if shift >= 0:
        return int(amount * 10**shift)
    whole, rest = divmod(amount, 10**-shift)
    if rest:
        raise ValueError(f"{amount} is not a whole number of ISO 4217 minor units of {currency}")
    return int(whole)


def minor_to_decimal(minor: int, currency: str) -> Decimal:
    """ISO 4217 minor units as an amount: 1245030 MYR -> 12450.30."""
    return Decimal(minor).scaleb(-exponent(currency))
