"""JSON Schemas of the events, one file per type and version, and what a new one must not break."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.contracts import EVENT_TYPES
from shared.platform.bus.envelope import SCHEMA_ROOT


def schema_files() -> dict[str, dict[str, Any]]:
    """File name -> JSON Schema (2020-12) of every event type."""
    files = {}
    for event_type, event in sorted(EVENT_TYPES.items()):
        schema = event.model_json_schema(mode="serialization")
        name = f"{event_type}.v{event.event_version}.json"
        files[name] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{SCHEMA_ROOT}:{event_type}:v{event.event_version}",
            **schema,
            "title": event_type,
        }
    return files


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What a reader of the old schema could no longer rely on, as sentences; empty when it may stay.

    Fields and enum values may be added. A field may not go, change its type, or become absent or null
    where it never was.
    """
    return list(_breaks(old, new, old, new, ""))


def _breaks(
    old: Mapping[str, Any], new: Mapping[str, Any], old_root: Mapping[str, Any], new_root: Mapping[str, Any], place: str
) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    where = place or "the event"
    if _types(old, old_root) != _types(new, new_root):
        before, after = sorted(_types(old, old_root)), sorted(_types(new, new_root))
        yield f"{where} was {'/'.join(before)} and is {'/'.join(after)}"
        return
    gone = set(old.get("enum", ())) - set(new.get("enum", ()))
    if gone:
        yield f"{where} no longer takes {', '.join(sorted(gone))}"
    yield from _property_breaks(old, new, old_root, new_root, place)
    for keyword in ("items", "additionalProperties"):
        if isinstance(old.get(keyword), dict) and isinstance(new.get(keyword), dict):
            yield from _breaks(old[keyword], new[keyword], old_root, new_root, f"{place}[]")
    offered, now_offered = _alternatives(old, old_root), _alternatives(new, new_root)
    for name in offered.keys() & now_offered.keys():
        yield from _breaks(offered[name], now_offered[name], old_root, new_root, place)


def _property_breaks(
    old: Mapping[str, Any], new: Mapping[str, Any], old_root: Mapping[str, Any], new_root: Mapping[str, Any], place: str
) -> Iterator[str]:
    properties = new.get("properties", {})
    for name, was in old.get("properties", {}).items():
        path = f"{place}.{name}".lstrip(".")
        if name not in properties:
            yield f"{path} is gone"
            continue
        if name in old.get("required", ()) and name not in new.get("required", ()):
            yield f"{path} was always there and may now be absent"
        yield from _breaks(was, properties[name], old_root, new_root, path)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _alternatives(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    parts = [_resolved(part, root) for part in schema.get("anyOf", ())]
    return {str(part.get("type", part.get("title", "?"))): part for part in parts}


def _types(schema: Mapping[str, Any], root: Mapping[str, Any]) -> frozenset[str]:
    if "anyOf" in schema:
        return frozenset(_alternatives(schema, root))
    kind = schema.get("type", "any")
    return frozenset([kind] if isinstance(kind, str) else kind)
