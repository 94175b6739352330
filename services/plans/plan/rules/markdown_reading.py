"""Reading a plan's Markdown back: every mistake is named by its field and line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.plans.plan.rules.document import TEXT_FIELDS
from services.plans.plan.rules.markdown_writing import LOOKS_LIKE_A_MARK, VALUES
from shared.kernel.errors import field_error

Place = tuple[str | int, ...]
_MARK = re.compile(r"<!--\s*(/?)trueup(?::(\S+))?\s*-->\s*")
_ROW = re.compile(r"\|((?:\\.|[^\\|])*)\|((?:\\.|[^\\|])*)\|\s*")
_RULER = re.compile(r"[|\s:-]+")
_WHOLE = re.compile(r"-?\d{1,20}")
_WHOLE_NUMBERS = frozenset(
    [
        "format_version",
        "version",
        "strategy.problem_score",
        "strategy.opportunity_score",
        "strategy.feasibility_score",
        "strategy.willingness_to_pay_score",
        "targets.target_customers",
    ]
)
_PATH_PARTS, _METRIC_PARTS, _METRIC_PATH_PARTS = 3, 4, 5


@dataclass(slots=True)
class Reading:
    """A document as JSON values, the line of each of its places, and what could not be read."""

    document: dict[str, Any] = field(default_factory=lambda: {"strategy": {}, "targets": {}})
    lines: dict[Place, int] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    _metrics: dict[str, int] = field(default_factory=dict)

    def line_of(self, place: Place) -> int | None:
        """The line of a place, or of the nearest part around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def refuse(self, name: str, line: int, reason: str) -> None:
        """Note what is wrong with a field."""
        self.errors.append(field_error(name, f"line {line}: {reason}"))

    def put_text(self, name: str, text: str, line: int) -> None:
        """Take a text in; a key feature is added to those before it."""
        part, _, member = name.partition(".")
        if part != "strategy" or member not in TEXT_FIELDS:
            self.refuse(name, line, "there is no text with this name")
        elif member == "key_features":
            self.lines.setdefault((part, member), line)
            if text:
                self.document[part].setdefault(member, []).append(text)
        else:
            self._put(self.document[part], member, text or None, (part, member), line)

    def put_value(self, name: str, text: str, line: int) -> None:
        """Take a table's value in."""
        if not text:
            return
        value = int(text) if name in _WHOLE_NUMBERS and _WHOLE.fullmatch(text) else text
        parts = name.split(".")
        if parts[0] not in ("strategy", "targets"):
            self._put(self.document, name, value, (name,), line)
        elif parts[:2] == ["targets", "custom_metrics"] and len(parts) in (_METRIC_PARTS, _METRIC_PATH_PARTS):
            self._put_metric(parts, value, line)
        elif parts[:2] == ["targets", "custom_path"] and len(parts) == _PATH_PARTS:
            self._put_month(self.document["targets"], ("targets",), parts[2], value, line)
        elif len(parts) == 2:  # noqa: PLR2004 - part and member
            self._put(self.document[parts[0]], parts[1], value, (parts[0], parts[1]), line)
        else:
            self.refuse(name, line, "there is no value with this name")

    def _put_metric(self, parts: list[str], value: Any, line: int) -> None:
        key, member = parts[2], parts[3]
        metrics = self.document["targets"].setdefault("custom_metrics", [])
        if key not in self._metrics:
            self._metrics[key] = len(metrics)
            metrics.append({"key": key})
        index = self._metrics[key]
        place: Place = ("targets", "custom_metrics", index)
        self.lines.setdefault(place, line)
        if len(parts) == _METRIC_PARTS:
            self._put(metrics[index], member, value, (*place, member), line)
        elif member == "custom_path":
            self._put_month(metrics[index], place, parts[4], value, line)
        else:
            self.refuse(".".join(parts), line, "there is no value with this name")

    def _put_month(self, owner: dict[str, Any], place: Place, month: str, amount: Any, line: int) -> None:
        months = owner.setdefault("custom_path", [])
        self.lines[(*place, "custom_path", len(months))] = line
        months.append({"month": month, "amount": amount})

    def _put(self, owner: dict[str, Any], member: str, value: Any, place: Place, line: int) -> None:
        if place in self.lines:
            self.refuse(".".join(map(str, place)), line, "this field is given twice")
            return
        self.lines[place] = line
        if value is not None:
            owner[member] = value


def read(markdown: str) -> Reading:
    """Read a document that ``written`` made, or that a person changed since."""
    reading = Reading()
    name, begun, text = None, 0, list[str]()
    for number, line in _lines(markdown):
        found = _MARK.fullmatch(line)
        if name is None:
            if found and found[2] and not found[1]:
                name, begun, text = found[2], number, []
            else:
                _read_outside(reading, line, number, stray=found is not None)
        elif found is None:
            text.append(line)
        elif found[1]:
            _read_block(reading, name, text, begun)
            name = None
        else:
            reading.refuse(name, number, f"the block that begins in line {begun} has no end")
            name, begun, text = found[2] or "", number, []
    if name is not None:
        reading.refuse(name, begun, "the block that begins here has no end")
    return reading


def _lines(markdown: str) -> Iterator[tuple[int, str]]:
    return enumerate(markdown.removeprefix("\ufeff").split("\n"), start=1)


def _read_outside(reading: Reading, line: str, number: int, *, stray: bool) -> None:
    if stray:
        reading.refuse("document", number, "this end has no beginning")
    elif line.strip() and not line.lstrip().startswith("#"):
        reading.refuse("document", number, "this text belongs to no field; write it between a field's marks")


def _read_block(reading: Reading, name: str, text: list[str], begun: int) -> None:
    if name != VALUES:
        unescaped = [line[1:] if line.startswith("\\") and LOOKS_LIKE_A_MARK.match(line) else line for line in text]
        reading.put_text(name, "\n".join(unescaped), begun)
        return
    for number, line in enumerate(text, start=begun + 1):
        row = _ROW.fullmatch(line.strip())
        if row is None:
            if line.strip() and not _RULER.fullmatch(line):
                reading.refuse("document", number, "this is no row of the table: | field | value |")
            continue
        name_cell, value_cell = (re.sub(r"\\(.)", r"\1", cell).strip() for cell in row.groups())
        if name_cell != "field" and not _RULER.fullmatch(line):
            reading.put_value(name_cell, value_cell, number)
