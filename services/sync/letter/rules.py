"""What letters say: plain text, the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.contracts.sync import NotificationType, Severity

MOST_ITEMS = 50
"""A letter lists so many; of more it says how many."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a letter tells of. ``over``: the alert has resolved, or was dismissed, in the meantime."""

    type: NotificationType
    severity: Severity
    title: str
    message: str
    suggested_action: str
    venture: str | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A letter's subject and body."""

    subject: str
    body: str


def at_once(organization: str, items: Sequence[Item], public_url: str) -> Text:
    """A letter about what just happened."""
    first = _ordered(items)[0]
    rest = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    where = f"{first.venture}: " if first.venture else ""
    subject = f"[{organization}] {_mark(first)}{where}{first.title}{rest}"
    return Text(_one_line(subject), _body(f"At {organization}:", items, public_url))


def digest(organization: str, items: Sequence[Item], slot: date, public_url: str, *, weekly: bool) -> Text:
    """A letter about everything since the last one."""
    period = "week" if weekly else "day"
    critical = sum(item.severity is Severity.CRITICAL and not item.over for item in items)
    what = f"{len(items)} notification{'s' if len(items) > 1 else ''}"
    subject = f"[{organization}] Your {period}: {what}{f', {critical} critical' if critical else ''}"
    return Text(_one_line(subject), _body(f"What happened at {organization} until {slot}:", items, public_url))


def _ordered(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item.over, -item.severity.rank))


def _body(opening: str, items: Sequence[Item], public_url: str) -> str:
    ordered = _ordered(items)
    parts = [opening, *(_paragraph(item) for item in ordered[:MOST_ITEMS])]
    if len(ordered) > MOST_ITEMS:
        parts.append(f"And {len(ordered) - MOST_ITEMS} more.")
    parts.append(
        f"Read on at {public_url}. Of what you are told, and how, you decide yourself: notification preferences."
    )
    return "\n\n".join(parts) + "\n"


def _paragraph(item: Item) -> str:
    where = f"{item.venture}: " if item.venture else ""
    lines = [f"{_mark(item)}{where}{item.title}", item.message]
    if item.over:
        lines.append("This is over in the meantime.")
    elif item.suggested_action:
        lines.append(f"What to do: {item.suggested_action}")
    return "\n".join(f"  {line}" if number else line for number, line in enumerate(lines))


def _mark(item: Item) -> str:
    if item.type is NotificationType.ALERT_RESOLVED:
        return "RESOLVED: "
    return "" if item.severity is Severity.INFO else f"{item.severity.value}: "


def _one_line(subject: str) -> str:
    """Names come from people: a line break in one would end the header."""
    return " ".join(subject.split())[:200]
