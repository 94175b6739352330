from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.report.rules.wording import (
    EXCERPT,
    count_text,
    day_text,
    excerpt,
    listed,
    money_text,
    months_text,
    percent_text,
)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12450.3", "MYR", "MYR 12,450.30"),
        ("-4000", "MYR", "\u2212MYR 4,000.00"),
        ("1234567.5", "JPY", "JPY 1,234,568"),
        ("1.2345", "KWD", "KWD 1.234"),
        ("-0.001", "MYR", "MYR 0.00"),
        ("0", "MYR", "MYR 0.00"),
    ],
)
def test_money_reads_in_its_currency(amount, currency, text):
    assert money_text(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("months", "text"), [("5.39", "5.3 months"), ("1.09", "1.0 month"), ("0.99", "0.9 months"), ("12", "12.0 months")]
)
def test_runway_is_cut_not_rounded(months, text):
    assert months_text(Decimal(months)) == text


def test_percents_have_one_decimal():
    assert percent_text(Decimal("-25.149999")) == "25.1 %"
    assert percent_text(Decimal("1234.56")) == "1,234.6 %"


def test_days_counts_and_lists_read_as_words():
    assert day_text(date(2026, 9, 3)) == "3 September 2026"
    assert count_text(0, "venture", "ventures") == "no ventures"
    assert count_text(1, "venture", "ventures") == "1 venture"
    assert listed(["A"]) == "A"
    assert listed(["A", "B", "C"]) == "A, B and C"


def test_markdown_becomes_one_plain_paragraph():
    text = "## Moat\n\n- **Nine** contracts\n- A [schedule](https://example.com/x_y)\n\n> quoted `code`"
    assert excerpt(text) == "Moat: • Nine contracts • A schedule quoted code"


def test_text_that_only_looks_like_markup_stays():
    assert excerpt("snake_case costs 3 * 4 = 12, #1 in C# <b>") == "snake_case costs 3 * 4 = 12, #1 in C# <b>"


@pytest.mark.parametrize("empty", [None, "", "  \n\t", "**", "```\ncode\n```"])
def test_nothing_to_say_is_null(empty):
    assert excerpt(empty) is None


@given(st.text(max_size=3000))
def test_an_excerpt_is_short_and_on_one_line(text):
    shown = excerpt(text)
    assert shown is None or (0 < len(shown) <= EXCERPT + 2 and "\n" not in shown and shown.isprintable() is not None)
    assert shown is None or not any(ord(character) < 32 for character in shown)


def test_a_long_text_is_cut_between_words():
    shown = excerpt("word " * 500)
    assert shown is not None
    assert shown.endswith("word …")
