"""Examples are composed from schemas: honest where a schema says more, and finite where it contains itself."""

from typing import Any

import pytest

from services.gateway.openapi.examples import Composer, add_examples

TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        "parent": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "null"}]},
    },
}
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "name", "expected"),
    [
        (TEXT | {"examples": ["2026-Q3"], "default": "x"}, "period", "2026-Q3"),
        (TEXT | {"default": "Bearer"}, "token_type", "Bearer"),
        (TEXT | {"default": ""}, "description", "Coffee subscriptions for offices."),
        (TEXT | {"enum": ["owner", "member"]}, "role", "member"),
        (TEXT | {"enum": ["a", "b"]}, "role", "a"),
        ({"const": 1}, "format_version", 1),
        (TEXT | {"pattern": "^[A-Z]{3}$"}, "paid_in", "MYR"),
        (TEXT | {"format": "date"}, "due_on", "2030-12-31"),
        (TEXT | {"format": "decimal"}, "variance_pct", "12.40"),
        (TEXT | {"minLength": 20}, "note_of_x", "Note of xxxxxxxxxxxx"),
        (TEXT | {"maxLength": 4}, "name", "Kopi"),
        ({"type": "integer", "minimum": 5}, "count", 5),
        ({"type": "integer", "maximum": 2}, "count", 2),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "count", 3),
        ({"anyOf": [TEXT, {"type": "null"}]}, "archived_at", None),
        ({"type": "array", "items": TEXT, "minItems": 2}, "currencies", ["Currencie"] * 2),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "counts", {"mrr": 3}),
    ],
)
def test_what_a_schema_says_of_itself_counts_before_what_the_name_means(schema: Any, name: str, expected: Any):
    assert Composer({}, whole=True).example(schema, name) == expected


def test_a_schema_that_contains_itself_ends():
    tree = Composer({"Tree": TREE}, whole=True).example({"$ref": "#/components/schemas/Tree"})
    assert tree == {"name": "Kopi Loop", "parts": [], "parent": None}


def test_a_request_names_what_it_must_or_else_its_first_field_and_an_answer_everything():
    properties = {"version": {"type": "integer"}, "venture_id": TEXT | {"format": "uuid"}, "name": TEXT, "note": TEXT}
    schema = {"type": "object", "properties": properties}
    assert Composer({}, whole=False).example(schema) == {"name": "Kopi Loop"}
    assert list(Composer({}, whole=False).example(schema | {"required": ["note"]})) == ["note"]
    assert list(Composer({}, whole=True).example(schema)) == list(properties)
    assert Composer({}, whole=False).example({"type": "object", "properties": {"version": {"type": "integer"}}}) == {}


def test_what_has_an_example_keeps_it_and_what_is_no_json_gets_none():
    answer = {"200": {"content": {"application/json": {"schema": TEXT, "example": "kept"}, "image/png": {}}}}
    refusal = {"409": {"content": {"application/json": {"schema": TEXT}}}}
    operation = {"requestBody": {"content": {"application/json": {"schema": TEXT}}}, "responses": answer | refusal}
    document: dict[str, Any] = {"components": {"schemas": {}}, "paths": {"/a": {"post": operation}}}
    add_examples(document)
    assert operation["requestBody"]["content"]["application/json"]["example"] == "Text"
    assert answer["200"]["content"] == {"application/json": {"schema": TEXT, "example": "kept"}, "image/png": {}}
    assert "example" not in refusal["409"]["content"]["application/json"]
