"""How an entry becomes lines of a table that people open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

COLUMNS = (
    *("at", "service", "operation", "actor", "user_id", "user_name", "user_email", "api_key_id", "api_key_name"),
    *("session_id", "address", "request_id", "kind", "id", "action", "before", "after", "entry_id", "omitted"),
)
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> str:
    """A value as a cell's text, which no spreadsheet takes for a formula (it begins with an apostrophe then)."""
    if value is None:
        return ""
    text = orjson.dumps(value).decode() if isinstance(value, dict | list) else str(value)
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV (RFC 4180)."""
    written = io.StringIO()
    csv.writer(written).writerows([cell(value) for value in row] for row in rows)
    return written.getvalue()


def search_pattern(text: str) -> str:
    """The ``ILIKE`` pattern (escaped by a backslash) of what contains a text."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
