"""What an export may hold, and what a search means."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.audit.rules import SearchTooWide, cell, csv_lines, search_pattern, searched_since

FORMULAS = ('=HYPERLINK("http://evil.example")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_compute_is_text(text: str):
    assert cell(text) == f"'{text}"


def test_values_are_written_as_what_they_are():
    assert [cell(value) for value in (None, 7, "a = b", {"amount": "-1.00"})] == [
        "",
        "7",
        "a = b",
        '{"amount":"-1.00"}',
    ]


@given(st.lists(st.lists(st.one_of(st.none(), st.text(), st.integers()), min_size=2, max_size=4), max_size=5))
def test_every_row_is_read_back_as_it_was_and_no_cell_is_a_formula(rows: list[list[Any]]):
    read = list(csv.reader(io.StringIO(csv_lines(rows), newline="")))
    assert [[value.removeprefix("'") for value in row] for row in read] == [
        [cell(value).removeprefix("'") for value in row] for row in rows
    ]
    assert not [value for row in read for value in row if value.startswith(("=", "+", "-", "@"))]


def test_a_search_is_for_the_text_itself():
    assert search_pattern("100%_a\\b") == "%100\\%\\_a\\\\b%"


def test_text_is_searched_in_a_span_of_bounded_length():
    now, day = datetime(2026, 6, 1, tzinfo=UTC), timedelta(days=1)
    assert searched_since(None, None, now) == now - 90 * day
    assert searched_since(None, now - 400 * day, now) == now - 490 * day
    assert searched_since(now - 366 * day, None, now) == now - 366 * day
    assert searched_since(now - 500 * day, now - 200 * day, now) == now - 500 * day
    for since, until in ((now - 367 * day, None), (now - 500 * day, now - 133 * day)):
        with pytest.raises(SearchTooWide):
            searched_since(since, until, now)
