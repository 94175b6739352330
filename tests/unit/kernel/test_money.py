from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.kernel.allocation import allocate
from shared.kernel.currency import (
    STRIPE_THREE_DECIMAL,
    STRIPE_ZERO_DECIMAL,
    exponent,
    known_currencies,
    minor_to_decimal,
    stripe_exponent,
    stripe_minor_to_iso_minor,
)
from shared.kernel.money import Amount, CurrencyCode, Money, Percent, Ratio, UnitAmount, round_to_currency

CURRENCIES = st.sampled_from(sorted(known_currencies()))


class Body(BaseModel):
    amount: Amount | None = None
    share: Ratio | None = None
    change_pct: Percent | None = None
    currency: CurrencyCode | None = None


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("MYR", 2),
        ("USD", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("KWD", 3),
        ("BHD", 3),
        ("CLF", 4),
        ("ISK", 0),
        ("UGX", 0),
        ("HUF", 2),
        ("TWD", 2),
        ("MGA", 2),
        ("IQD", 3),
        ("LBP", 2),
    ],
)
def test_exponents_are_those_of_iso_4217(currency: str, digits: int):
    assert exponent(currency) == digits


def test_what_is_no_currency_is_refused():
    for code in ("XAU", "XXX", "myr", "ZZZ"):
        with pytest.raises(ValueError, match="not an ISO 4217"):
            exponent(code)


@pytest.mark.parametrize(
    ("stripe_amount", "currency", "minor"),
    [
        (1000, "MYR", 1000),
        (500, "JPY", 500),
        (5005, "KWD", 5005),
        (10000, "ISK", 100),
        (300, "UGX", 3),
        (7, "MGA", 700),
    ],
)
def test_stripes_amounts_are_converted_at_the_door(stripe_amount: int, currency: str, minor: int):
    assert stripe_minor_to_iso_minor(stripe_amount, currency) == minor


def test_an_amount_that_cannot_be_held_is_refused_not_rounded():
    with pytest.raises(ValueError, match="whole number"):
        stripe_minor_to_iso_minor(150, "ISK")


def test_stripes_lists_do_not_overlap():
    assert not STRIPE_ZERO_DECIMAL & STRIPE_THREE_DECIMAL
    assert stripe_exponent("EUR") == 2


@given(st.integers(-(10**12), 10**12), CURRENCIES)
def test_minor_units_and_amounts_are_the_same_money(minor: int, currency: str):
    assert Money.of_minor(minor, currency).minor == minor
    assert minor_to_decimal(minor, currency) == Money.of_minor(minor, currency).amount


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.125", "0.12"), ("0.135", "0.14"), ("-0.125", "-0.12"), ("2.005", "2.00")]
)
def test_rounding_is_half_even(amount: str, rounded: str):
    assert round_to_currency(Decimal(amount), "MYR") == Decimal(rounded)


def test_two_currencies_are_not_added():
    with pytest.raises(ValueError, match="cannot add"):
        Money(Decimal(1), "MYR") + Money(Decimal(1), "USD")
    with pytest.raises(TypeError):
        Money(1.5, "MYR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", [1.5, True, float("nan"), "NaN", "Infinity", "1e400", "12345678901234567890123", "1.1234567"]
)
def test_an_inexact_or_endless_amount_is_no_amount(value: object):
    with pytest.raises(ValidationError):
        Body(amount=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Amount, UnitAmount, Ratio, Percent])
@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", Decimal("NaN"), Decimal("Infinity"), 0.5])
def test_no_figure_is_endless_or_inexact(kind: Any, value: object):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_amounts_travel_as_strings():
    body = Body(amount="12450.30", share="0.123456", change_pct="12.405", currency="MYR")
    assert body.model_dump_json() == ('{"amount":"12450.30","share":"0.1235","change_pct":"12.40","currency":"MYR"}')
    assert Body.model_json_schema()["properties"]["amount"]["anyOf"][0]["type"] == "string"


def test_a_json_number_with_a_point_is_refused():
    with pytest.raises(ValidationError, match="binary float"):
        Body.model_validate_json('{"amount": 12.5}')
    assert Body.model_validate_json('{"amount": 12}').amount == 12


@given(
    st.decimals("-1000000", "1000000", places=2, allow_nan=False),
    st.lists(st.integers(0, 1000).map(Decimal), min_size=1, max_size=40).filter(any),
)
def test_the_parts_equal_the_whole(amount: Decimal, weights: list[Decimal]):
    parts = allocate(amount, weights, 2)
    assert sum(parts) == amount
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / total) <= Decimal("0.01")


def test_splits_are_refused_where_they_cannot_be_exact():
    with pytest.raises(ValueError, match="weights"):
        allocate(Decimal(1), [], 2)
    with pytest.raises(ValueError, match="weights"):
        allocate(Decimal(1), [Decimal(-1), Decimal(3)], 2)
    with pytest.raises(ValueError, match="decimals"):
        allocate(Decimal("0.001"), [Decimal(1)], 2)
