"""What commands answer: a list as a table for people, anything as JSON for scripts."""

import sys
from collections.abc import Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


def show_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Some columns of the rows as a table (``none`` without rows), or all of them as JSON."""
    if as_json:
        write_json(rows)
        return
    if not rows:
        sys.stdout.write("none\n")
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if row[column] is None else str(row[column]) for column in columns))
    Console().print(table)


def write_json(value: Any) -> None:
    """A value as indented JSON, with the end of its line."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
