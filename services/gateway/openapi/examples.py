"""An example for every request body and every main answer, composed from their schemas.

What a schema says of itself counts first (``examples``, ``const``, ``enum``, ``default``), then what its field's
name means (``vocabulary``). A request names what it must, else its first field; an answer names everything. A body
that needs more says so itself: ``model_config = {"json_schema_extra": {"examples": [{...}]}}``. The walk of
``tests/service/front_door`` sends these bodies to the services, and they have to be accepted.
"""

from collections.abc import Mapping
from typing import Any

from services.gateway.openapi import vocabulary

JSON = "application/json"
_REFERENCE = "#/components/schemas/"
_UNKNOWN: Any = object()

Schema = Mapping[str, Any]


class Composer:
    """Examples by one document's schemas; ``whole``: of every property, not only of those that must be there."""

    def __init__(self, schemas: Mapping[str, Schema], *, whole: bool) -> None:
        self._schemas = schemas
        self._whole = whole

    def example(self, schema: Schema, name: str = "", within: frozenset[str] = frozenset()) -> Any:
        """An example of a value; ``within`` are the schemas that it stands in, which do not repeat inside it."""
        if "$ref" in schema:
            within |= {schema["$ref"]}
        schema = self._resolved(schema)
        said = _said(schema, name)
        if said is not _UNKNOWN:
            return said
        variants = schema.get("anyOf") or schema.get("oneOf")
        if variants:
            fitting = [one for one in variants if one.get("type") != "null" and one.get("$ref") not in within]
            left_out = vocabulary.ABSENT.search(name) and len(fitting) < len(variants)
            return self.example(fitting[0], name, within) if fitting and not left_out else None
        match schema.get("type"):
            case "object":
                return self._object(schema, within)
            case "array":
                return self._array(schema, name, within)
            case kind:
                return _plain(kind, schema, name)

    def _resolved(self, schema: Schema) -> Schema:
        found = dict(schema)
        while "$ref" in found:
            target = self._schemas[found.pop("$ref").removeprefix(_REFERENCE)]
            found = {**target, **found}
        for part in found.pop("allOf", ()):
            found = {**self._resolved(part), **found}
        return found

    def _object(self, schema: Schema, within: frozenset[str]) -> dict[str, Any]:
        fields, named = schema.get("properties", {}), self._named(schema)
        made = {field: self.example(inner, field, within) for field, inner in fields.items() if field in named}
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and not fields:
            key = self.example(schema.get("propertyNames", {"type": "string"}), "metric", within)
            made[key] = self.example(more, key, within)
        return made

    def _named(self, schema: Schema) -> set[str]:
        """The properties that an example has."""
        fields: Mapping[str, Schema] = schema.get("properties", {})
        if self._whole:
            return set(fields)
        plain = (field for field, inner in fields.items() if field != "version" and not _names_a_thing(inner))
        return set(schema.get("required", ())) or set(next(([field] for field in plain), ()))

    def _array(self, schema: Schema, name: str, within: frozenset[str]) -> list[Any]:
        items = schema.get("items", {})
        if not items or schema.get("maxItems") == 0 or items.get("$ref") in within:
            return []
        one = self.example(items, name.removesuffix("s"), within)
        return [one] * max(1, schema.get("minItems", 1))


def add_examples(document: dict[str, Any]) -> None:
    """Give every JSON request body and every 2xx JSON answer of a document an example, unless it has one."""
    schemas = document["components"]["schemas"]
    request, answer = Composer(schemas, whole=False), Composer(schemas, whole=True)
    for operations in document["paths"].values():
        for operation in operations.values():
            _fill(operation.get("requestBody", {}), request)
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    _fill(response, answer)


def _fill(part: dict[str, Any], composer: Composer) -> None:
    media = part.get("content", {}).get(JSON)
    if media is not None and not {"example", "examples"} & media.keys():
        media["example"] = composer.example(media.get("schema", {}))


def _names_a_thing(schema: Schema) -> bool:
    """Whether a value is an id (or some): an example of one would be nobody's."""
    variants = [schema, *schema.get("anyOf", ())]
    return any("uuid" in {one.get("format"), one.get("items", {}).get("format")} for one in variants)


def _said(schema: Schema, name: str) -> Any:
    """What the schema itself gives as a value."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    default = schema.get("default")
    if default not in (None, "", [], {}, False):
        return default
    values = schema.get("enum")
    if not values:
        return _UNKNOWN
    word = vocabulary.WORDS.get(name)
    return word if word in values else values[0]


def _plain(kind: str | None, schema: Schema, name: str) -> Any:
    """A value without parts; a schema without a type takes anything."""
    if kind in {"integer", "number"}:
        return _number(schema, name)
    if kind == "string":
        return _text(schema, name)
    if kind == "boolean":
        return schema.get("default", False)
    return None if kind == "null" else vocabulary.WORDS.get(name, "12450.30" if name else {})


def _number(schema: Schema, name: str) -> int | float:
    said: Any = vocabulary.WORDS.get(name, 3)
    if not isinstance(said, int):
        said = 3
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and said < least:
        said = least
    if most is not None and said > most:
        said = most
    return int(said) if schema["type"] == "integer" else said


def _text(schema: Schema, name: str) -> str:
    made = vocabulary.text(name, schema.get("format"), schema.get("pattern"))
    made = made.ljust(schema.get("minLength", 0), "x")
    return made[: schema.get("maxLength", len(made))]
