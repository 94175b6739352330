"""A plan's document as Markdown that reads well and can be read back without loss.

Texts stand between ``<!-- trueup:strategy.vision -->`` and ``<!-- /trueup -->``, untouched but for a
backslash before a line of the text that looks like such a mark. Everything else stands in tables of
fields by their paths; a custom path's amounts by month, a custom metric's members by its key.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.plans.plan.rules.completeness import SECTIONS
from services.plans.plan.rules.document import TEXT_FIELDS, PlanDocument

END = "<!-- /trueup -->"
VALUES = "values"
LOOKS_LIKE_A_MARK = re.compile(r"\\*<!--\s*/?trueup")
_TITLES = {"gtm_strategy": "Go-to-market strategy", "ask": "The ask", "pitch": "Pitch"}


def mark(name: str) -> str:
    """The line that begins a block."""
    return f"<!-- trueup:{name} -->"


def written(document: PlanDocument) -> str:
    """The document as Markdown."""
    whole = document.as_json()
    strategy, targets = whole.pop("strategy"), whole.pop("targets")
    lines = [f"# {whole.get('venture', 'Business plan')}", "", *_table(whole.items())]
    for section in SECTIONS:
        fields = [field.partition(".")[2] for field in section.fields if field.startswith("strategy.")]
        if fields:
            lines += ["", f"## {_title(section.name)}", *_section(section.name, fields, strategy)]
    lines += ["", "## Targets and assumptions", "", *_table(_flat("targets", targets))]
    return "\n".join(lines) + "\n"


def _section(name: str, fields: list[str], strategy: Mapping[str, Any]) -> Iterator[str]:
    for field in fields:
        if field in TEXT_FIELDS:
            if field != name:
                yield from ("", f"### {_title(field)}")
            texts = strategy[field] if isinstance(strategy[field], list) else [strategy[field]]
            for text in texts or [None]:
                yield from ("", mark(f"strategy.{field}"), *_escaped(text), END)
    values = [(f"strategy.{field}", strategy[field]) for field in fields if field not in TEXT_FIELDS]
    if values:
        yield from ("", *_table(values))


def _title(name: str) -> str:
    return _TITLES.get(name) or name.replace("_", " ").capitalize()


def _escaped(text: str | None) -> list[str]:
    lines = [] if text is None else text.split("\n")
    return [f"\\{line}" if LOOKS_LIKE_A_MARK.match(line) else line for line in lines]


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every leaf with its path; months and custom metrics go by their keys, and nothing by its position."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _flat(f"{path}.{name}", member)
    elif isinstance(value, list):
        for item in value:
            if "month" in item:
                yield f"{path}.{item['month']}", item["amount"]
            else:
                members = {name: member for name, member in item.items() if name != "key"}
                yield from _flat(f"{path}.{item['key']}", members)
    else:
        yield path, value


def _table(values: Iterable[tuple[str, Any]]) -> list[str]:
    rows = [f"| {name} | {_cell(value)} |" for name, value in values]
    return [mark(VALUES), "", "| field | value |", "| --- | --- |", *rows, "", END]


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("\\", "\\\\").replace("|", "\\|")
