"""The events' promises to other teams."""

from typing import Any

import pytest

from shared.contracts import EVENT_TYPES, INTERNAL_TYPES
from shared.contracts.event import Event, Kind
from shared.contracts.topology import CONSUMES, DOORKEEPER, nats_users, stream_of, stream_subjects
from trueup.commands.contracts import broken_promises, generated_files
from trueup.contract.schemas import breaks


@pytest.mark.parametrize("path", generated_files(), ids=lambda path: path.name)
def test_what_is_generated_is_committed_fresh(path):
    assert path.read_text(encoding="utf8") == generated_files()[path], "run: python -m trueup contracts"


def test_no_reader_of_a_committed_schema_is_broken():
    assert broken_promises() == []


@pytest.mark.parametrize("event", EVENT_TYPES.values(), ids=EVENT_TYPES)
def test_every_event_declares_how_it_is_applied(event: type[Event]):
    assert event.__doc__
    assert event.kind in Kind
    assert all(name in event.model_fields for name in event.key)
    if event.kind is not Kind.SIGNAL:
        assert event.sequence_field in event.model_fields, "what changes a figure has a version"
    entity, _, verb = event.event_type.partition(".")
    assert entity
    assert verb
    assert "." not in verb


def test_events_of_one_snapshot_key_share_one_shape():
    shapes: dict[tuple[str, tuple[tuple[str, Any], ...]], Any] = {}
    for event in EVENT_TYPES.values():
        if event.kind is Kind.SNAPSHOT:
            fields = {name: field.annotation for name, field in event.model_fields.items()}
            # a kind of metric and a custom metric's name are never the same: those are two keys
            key = tuple((name, fields[name]) for name in event.key)
            assert shapes.setdefault((event.owner, key), fields) == fields, event.event_type


def test_every_event_has_exactly_one_stream():
    subjects = [subject for subjects in stream_subjects().values() for subject in subjects]
    assert sorted(subjects) == sorted(f"{name}{'.*.*' if name in INTERNAL_TYPES else '.*'}" for name in EVENT_TYPES)
    assert len(subjects) == len(set(subjects))


def test_a_service_may_publish_only_its_own_subjects():
    for user in nats_users():
        if user.name in ("operator", "reader", DOORKEEPER):
            continue
        events = {subject for subject in user.publish_allow if not subject.startswith(("$JS", "_wake", "_used"))}
        internal = {f"{name}.{user.name}.*" for name in INTERNAL_TYPES}
        assert events == set(stream_subjects().get(stream_of(user.name), [])) | internal


def test_nobody_outside_reads_what_is_between_services():
    """``*.*.<organization>`` of event subscribers has three parts, and no other user may touch these streams."""
    (reader,) = [user for user in nats_users() if user.name == "reader"]
    for name in INTERNAL_TYPES:
        stream = stream_of(EVENT_TYPES[name].owner)
        assert all(len(subject.split(".")) == 4 for subject in stream_subjects()[stream])
        assert not [right for right in (*reader.publish_allow, *reader.subscribe_allow) if f".{stream}" in right]
        assert not [right for right in reader.subscribe_allow if right.startswith(name)]


def test_a_service_reads_only_streams_that_it_declares():
    for user in nats_users():
        fetches = [subject for subject in user.publish_allow if ".MSG.NEXT." in subject and user.name in CONSUMES]
        assert {subject.split(".")[-2] for subject in fetches} == set(CONSUMES.get(user.name, ()))


OLD = {
    "type": "object",
    "required": ["a"],
    "properties": {
        "a": {"type": "string"},
        "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "c": {"$ref": "#/$defs/C"},
        "d": {"type": "array", "items": {"$ref": "#/$defs/D"}},
    },
    "$defs": {
        "C": {"type": "string", "enum": ["x", "y"]},
        "D": {"type": "object", "properties": {"e": {"type": "string"}}},
    },
}


def changed(**properties: Any) -> dict[str, Any]:
    return {**OLD, "properties": {**OLD["properties"], **properties}}


def test_added_fields_and_values_break_nobody():
    wider = {
        **changed(z={"type": "string"}),
        "$defs": {**OLD["$defs"], "C": {"type": "string", "enum": ["x", "y", "z"]}},
    }
    assert breaks(OLD, OLD) == []
    assert breaks(OLD, wider) == []


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ({**OLD, "properties": {"a": {"type": "string"}}}, "b is gone"),
        (changed(a={"type": "integer"}), "a was string and is integer"),
        (changed(a={"anyOf": [{"type": "string"}, {"type": "null"}]}), "a was string and is null/string"),
        ({**OLD, "required": []}, "a was always there and may now be absent"),
        ({**OLD, "$defs": {**OLD["$defs"], "C": {"type": "string", "enum": ["x"]}}}, "c no longer takes y"),
        ({**OLD, "$defs": {**OLD["$defs"], "D": {"type": "object", "properties": {}}}}, "d[].e is gone"),
    ],
)
def test_what_would_break_a_reader_is_named(new: dict[str, Any], sentence: str):
    assert sentence in breaks(OLD, new)
