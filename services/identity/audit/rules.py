"""How an entry becomes lines of a table that people open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from shared.kernel.errors import Invalid

COLUMNS = (
    *("at", "service", "operation", "actor", "user_id", "user_name", "user_email", "api_key_id", "api_key_name"),
    *("session_id", "address", "request_id", "kind", "id", "action", "before", "after", "entry_id", "omitted"),
)
SEARCHED, SEARCHED_AT_MOST = timedelta(days=90), timedelta(days=366)
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


class SearchTooWide(Invalid):
    """No index helps against text anywhere in an entry: a search reads every entry of its span."""

    code = "search_too_wide"


def searched_since(since: datetime | None, until: datetime | None, now: datetime) -> datetime:
    """From when on text is searched: as asked, else the last 90 days before ``until`` (or now).

    Raises:
        SearchTooWide: More than 366 days are asked for.
    """
    end = until or now
    if since is None:
        return end - SEARCHED
    if end - since > SEARCHED_AT_MOST:
        raise SearchTooWide(
            f"Text is searched in {SEARCHED_AT_MOST.days} days at a time; bring since and until nearer together."
        )
    return since


def search_pattern(text: str) -> str:
    """The ``ILIKE`` pattern (escaped by a backslash) of what contains a text."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
