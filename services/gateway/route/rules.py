"""Finding the service of a request by the paths of the merged OpenAPI document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(slots=True)
class _Node:
    """One path segment: literal children, at most one parameter, and what ends here (method -> service)."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    services: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """The service of a path and method with the path's template, or the methods that the path has."""

    service: str | None
    allowed: tuple[str, ...] = ()
    template: str = field(default="", compare=False)


class RouteTable:
    """Path templates as a tree of segments; a literal segment wins over a parameter."""

    def __init__(self, paths: Mapping[str, Mapping[str, Any]]) -> None:
        self._root = _Node()
        for template, operations in paths.items():
            node = self._root
            for segment in _segments(template):
                if segment.startswith("{"):
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.literals.setdefault(segment, _Node())
            for method in METHODS:
                if method in operations:
                    node.services[method.upper()] = operations[method]["x-service"]
                    node.templates[method.upper()] = template

    def match(self, method: str, path: str) -> Match | None:
        """Who answers; None when no template fits the path."""
        nodes = [node for node in self._find(self._root, list(_segments(path))) if node.services]
        for node in nodes:
            if method in node.services:
                return Match(node.services[method], template=node.templates[method])
        if not nodes:
            return None
        return Match(None, tuple(sorted({name for node in nodes for name in node.services})))

    def _find(self, node: _Node, segments: list[str]) -> Iterable[_Node]:
        if not segments:
            yield node
            return
        literal = node.literals.get(segments[0])
        if literal is not None:
            yield from self._find(literal, segments[1:])
        if node.parameter is not None and segments[0]:
            yield from self._find(node.parameter, segments[1:])


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))
