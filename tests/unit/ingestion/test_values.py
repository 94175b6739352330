from decimal import Decimal

import pytest

from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.values import Malformed


@pytest.mark.parametrize("wrong", ["1", 1.0, True, [], {}, 2**60])
def test_an_amount_is_a_whole_number(wrong):
    with pytest.raises(Malformed, match=r"charge\.amount"):
        values.required_whole({"object": "charge", "amount": wrong}, "amount")


@pytest.mark.parametrize("wrong", [None, 5, "", "x" * 501])
def test_an_id_is_a_short_text(wrong):
    with pytest.raises(Malformed):
        values.required_text({"id": wrong}, "id")


def test_a_reference_is_an_id_or_an_expanded_object():
    assert values.reference({"customer": "cus_1"}, "customer") == "cus_1"
    assert values.reference({"customer": {"id": "cus_1"}}, "customer") == "cus_1"
    assert values.reference({"customer": None}, "customer") is None
    with pytest.raises(Malformed):
        values.reference({"customer": {"id": 5}}, "customer")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(1234, "MYR", 1234), (1234, "JPY", 1234), (12340, "KWD", 12340), (500, "ISK", 5), (7, "MGA", 700)],
)
def test_stripe_minor_units_become_iso_minor_units(amount, currency, minor):
    assert values.required_minor({"amount": amount}, "amount", currency) == minor


def test_an_amount_that_has_no_iso_minor_units_is_named():
    with pytest.raises(Malformed, match="ISK"):
        values.required_minor({"amount": 150}, "amount", "ISK")


@pytest.mark.parametrize("wrong", ["zzz", "", None, 5, "xau"])
def test_a_currency_is_one_of_iso_4217(wrong):
    with pytest.raises(Malformed):
        values.currency({"currency": wrong})


@pytest.mark.parametrize(("given", "number"), [(12.5, "12.5"), (0.1, "0.1"), ("33.333333", "33.333333"), (7, "7")])
def test_numbers_are_taken_by_their_shortest_decimal_text(given, number):
    assert values.decimal({"n": given}, "n") == Decimal(number)


@pytest.mark.parametrize("wrong", ["x", True, [], "NaN", "Infinity", 1e300])
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(Malformed):
        values.decimal({"n": wrong}, "n")


def test_only_a_uuid_is_a_claim():
    identity = "0197a000-0000-7000-8000-000000000001"
    assert values.claim({"metadata": {"account_id": f" {identity.upper()} "}}, "account_id") == identity
    for nothing in ("acme", "", None, 5):
        assert values.claim({"metadata": {"account_id": nothing}}, "account_id") is None
    assert values.claim({"metadata": None}, "account_id") is None


@pytest.mark.parametrize("wrong", [-1, 10**12, "1", 1.5])
def test_a_time_lies_between_1970_and_9999(wrong):
    with pytest.raises(Malformed):
        values.required_moment({"created": wrong}, "created")
