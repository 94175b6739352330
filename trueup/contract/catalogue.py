"""``docs/events.md``: the events for people."""

import inspect
from collections.abc import Iterator
from typing import Any

from shared.contracts import EVENT_TYPES
from shared.contracts.event import Event, Kind
from shared.contracts.topology import CONSUMES, stream_of

INTRODUCTION = """# Events

Generated from `shared/contracts` by `python -m trueup contracts`; a test keeps it fresh.

An event is a JSON document on NATS JetStream. Its subject is `<entity>.<verb>.<organization_id>`, so
`metric.created.>` gives every metric and `*.*.<organization_id>` everything of one organization. Headers follow
CloudEvents 1.0 (binary mode); `ce-sequence` is the aggregate's version. The JSON Schemas are in
[contracts/](contracts/), the AsyncAPI document is [contracts/asyncapi.json](contracts/asyncapi.json).

How a consumer applies an event depends on its kind, and any order and any repetition ends in the same state:

| kind | apply it |
|---|---|
| snapshot | when its version is newer than the one you hold for its key; it carries the complete public state |
| fact | once per key; a higher revision replaces it |
| signal | never changes a figure |

Amounts are decimal strings in the stated currency; a field that ends in `_pct` is a percent, any other ratio a
fraction; `*_on` and `*_date` are local days of the organization, `*_at` instants in UTC. Fields are only ever added:
ignore those that you do not know.

Another team subscribes with an API key: [subscribing.md](subscribing.md). The operator's user `reader` hears every
organization:

```
nats --server "$TRUEUP_NATS_URL" --user "$TRUEUP_READER_NATS_USER" --password "$TRUEUP_READER_NATS_PASSWORD" \\
  --inbox-prefix _INBOX_reader sub 'metric.created.>'
```

or with what Trueup ships: `python -m trueup events tail 'metric.created.>'`.

What is stored it reads through consumers that the server names (`ordered_consumer=True` in nats-py), or through
one durable on each stream, which has to be called `reader`.
"""


def events_page() -> str:
    """The catalogue as Markdown."""
    return "\n".join([INTRODUCTION, *_overview(), *_details()]) + "\n"


def _overview() -> Iterator[str]:
    yield "## Overview\n"
    yield "| event | stream | kind | key | version |"
    yield "|---|---|---|---|---|"
    for name, event in EVENT_TYPES.items():
        key = ", ".join(("organization_id", *event.key)) if event.key != ("organization_id",) else "organization_id"
        version = event.sequence_field or "-"
        yield f"| [{name}](#{_anchor(name)}) | {stream_of(event.owner)} | {event.kind} | {key} | `{version}` |"
    yield "\nWho reads what (each service through one durable consumer of its own name on each stream):\n"
    yield "| service | stream | events |"
    yield "|---|---|---|"
    for service, streams in CONSUMES.items():
        for stream, wanted in streams.items():
            names = (name for name, event in EVENT_TYPES.items() if issubclass(event, wanted))
            yield f"| {service} | {stream} | {', '.join(names)} |"
    yield ""


def _details() -> Iterator[str]:
    owner = None
    for name, event in EVENT_TYPES.items():
        if event.owner != owner:
            owner = event.owner
            yield f"## {owner}\n"
        yield f"### {name}\n"
        yield from _about(event)
        yield "| field | type | |"
        yield "|---|---|---|"
        schema = event.model_json_schema(mode="serialization")
        required = set(schema.get("required", ()))
        for field, described in schema["properties"].items():
            presence = "" if field in required else "optional"
            yield f"| `{field}` | {_type(described, schema)} | {presence} |"
        yield ""


def _about(event: type[Event]) -> Iterator[str]:
    """The class's own words, and those of the state that it carries."""
    yield inspect.cleandoc(event.__doc__ or "")
    base = event.__mro__[1]
    if event.kind is Kind.SNAPSHOT and base is not Event and base.__doc__ and "Base of" not in base.__doc__:
        yield "\n" + inspect.cleandoc(base.__doc__)
    subject = event.subject_of("<organization_id>", "<service>")
    if event.internal:
        yield "\nBetween services; event subscribers do not see it."
    yield f"\nSubject `{subject}`, schema `{event.event_type}.v{event.event_version}`.\n"


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _type(schema: dict[str, Any], root: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _type(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return " or ".join(_type(part, root) for part in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), root)}"
    if schema.get("type") == "object":
        inner = ", ".join(f"`{name}`" for name in schema.get("properties", {}))
        return f"object ({inner})" if inner else "object"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
