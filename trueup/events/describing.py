"""An event in one line, for a person."""

from typing import Any
from uuid import UUID

import orjson
from nats.aio.msg import Msg
from rich.text import Text

_UNSAID = frozenset(
    [
        "organization_id",
        "connection_id",
        "evidence",
        "strategy",
        "months",
        "unconverted",
        "suggested_action",
        "saved_by",
    ]
)
_MOST_FACTS = 9
_LONGEST = 42


def as_object(message: Msg) -> dict[str, Any]:
    """Subject, headers and data; data that are no JSON as text."""
    try:
        data = orjson.loads(message.data)
    except orjson.JSONDecodeError:
        data = message.data.decode(errors="replace")
    return {"subject": message.subject, "headers": dict(message.headers or {}), "data": data}


def as_line(message: Msg, names: dict[str, str]) -> Text:
    """Time, type, organization (its name where known), and what the payload says."""
    event = as_object(message)
    headers, data = event["headers"], event["data"]
    organization = headers.get("ce-organizationid") or message.subject.rpartition(".")[2]
    time = headers.get("ce-time", "")[11:23] or "-"
    kind = headers.get("ce-type", "?")
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{time:<12} ", style="dim")
    line.append(f"{kind:<22} ", style="bold")
    line.append(f"{names.get(organization, organization[:8]):<14} ", style="cyan")
    line.append("  ".join(facts(data)) if isinstance(data, dict) else repr(data)[:200])
    return line


def facts(data: dict[str, Any]) -> list[str]:
    """``name value`` of the members that a person looks for, shortened."""
    shown = []
    for name, value in data.items():
        if name in _UNSAID or name.endswith("_at") or value in (None, False, "", [], {}):
            continue
        if isinstance(value, list):
            shown.append(f"{name} ({len(value)})")
        elif isinstance(value, dict):
            shown += [f"{inner} {_short(part)}" for inner, part in value.items() if part not in (None, "", [])]
        else:
            shown.append(f"{name} {_short(value)}")
    return shown[:_MOST_FACTS]


def _short(value: Any) -> str:
    text = str(value)
    try:
        return str(UUID(text))[-8:]
    except ValueError:
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
