"""Merging the services' OpenAPI documents into one."""

import copy
from collections.abc import Mapping
from typing import Any

from services.gateway.openapi.examples import add_examples

NEEDS = "x-needs-role"
DESCRIPTION = (
    "Plans and money of an organization's ventures, compared within a second.\n\n"
    "Amounts are decimal strings. A field that ends in `_pct` is a percent, any other ratio a "
    "fraction. Lists are paged by `cursor`. Mutations accept `Idempotency-Key`; updates take `If-Match`. "
    "Errors are `application/problem+json`."
)


def merge(documents: Mapping[str, Mapping[str, Any]], version: str) -> dict[str, Any]:
    """One document of all services: every operation names its service in ``x-service``.

    Components of one name and the same content are shared; of different content, the later service's gets
    the service's name in front. Raises ``ValueError`` when two services claim one operation or operationId.
    """
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Trueup", "version": version, "description": DESCRIPTION},
        "paths": {},
        "components": {"schemas": {}, "responses": {}, "securitySchemes": {}},
    }
    for service, given in documents.items():
        document = copy.deepcopy(dict(given))
        _share_components(service, document, merged["components"])
        _add_paths(service, document, merged["paths"])
    _refuse_repeated_ids(merged["paths"])
    add_examples(merged)
    merged["paths"] = dict(sorted(merged["paths"].items()))
    merged["components"]["schemas"] = dict(sorted(merged["components"]["schemas"].items()))
    return merged


def _share_components(service: str, document: dict[str, Any], components: dict[str, Any]) -> None:
    given = document.get("components", {})
    for kind in ("securitySchemes", "responses"):
        components[kind].update(given.get(kind, {}))
    schemas = given.get("schemas", {})
    known = components["schemas"]
    renamed = {
        name: f"{service.capitalize()}{name}"
        for name, schema in schemas.items()
        if name in known and known[name] != schema
    }
    if renamed:
        _rename_references(document, renamed)
    for name, schema in schemas.items():
        known[renamed.get(name, name)] = schema


def _rename_references(value: Any, renamed: Mapping[str, str]) -> None:
    prefix = "#/components/schemas/"
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.removeprefix(prefix) in renamed:
            value["$ref"] = prefix + renamed[reference.removeprefix(prefix)]
        for inner in value.values():
            _rename_references(inner, renamed)
    elif isinstance(value, list):
        for inner in value:
            _rename_references(inner, renamed)


def _add_paths(service: str, document: Mapping[str, Any], paths: dict[str, Any]) -> None:
    for path, operations in document.get("paths", {}).items():
        known = paths.setdefault(path, {})
        for method, operation in operations.items():
            if method in known:
                raise ValueError(f"{method.upper()} {path} is claimed by {known[method]['x-service']} and {service}")
            known[method] = _with_role({**operation, "x-service": service})


def _with_role(operation: dict[str, Any]) -> dict[str, Any]:
    """Say the needed role where people read it as well."""
    role = operation.get(NEEDS)
    if role is not None:
        said = f"Needs the role {role}." if role == "owner" else f"Needs the role {role} or higher."
        operation["description"] = "\n\n".join(filter(None, [operation.get("description"), said]))
    return operation


def _refuse_repeated_ids(paths: Mapping[str, Mapping[str, Any]]) -> None:
    seen: dict[str, str] = {}
    for path, operations in paths.items():
        for method, operation in operations.items():
            place = f"{method.upper()} {path}"
            other = seen.setdefault(operation["operationId"], place)
            if other != place:
                raise ValueError(f"{operation['operationId']} names {other} and {place}")
