"""Collecting the figures of services, and comparing two collections."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec

from trueup.access import chosen_services, operator_database

Figure = Mapping[str, str | None]


async def figures_of(service: str) -> list[Figure]:
    """One service's figures, sorted by what they say."""
    module = f"services.{service}.operations"
    if find_spec(module) is None:
        return []
    operations = import_module(module)
    async with operator_database(service) as database, database.transaction() as session:
        found: list[Figure] = await operations.figures(session)
    return sorted(found, key=lambda figure: [(name, value or "") for name, value in figure.items()])


async def all_figures(service: str = "") -> list[Figure]:
    """The figures of one service or of all."""
    found: list[Figure] = []
    for name in chosen_services(service):
        found += await figures_of(name)
    return sorted(found, key=lambda figure: str(figure.get("figure")))


def as_line(figure: Figure) -> str:
    """A figure as one line of JSON."""
    return json.dumps(figure, ensure_ascii=False)


def as_document(figures: Iterable[Figure]) -> str:
    """A JSON list with one figure a line, so that ``diff`` shows which one differs."""
    lines = ",\n".join(as_line(figure) for figure in figures)
    return f"[\n{lines}\n]\n" if lines else "[]\n"


def differences(before: Iterable[Figure], after: Iterable[Figure]) -> list[str]:
    """What was (``-``) and is no more, and what is (``+``) and was not."""
    old, new = Counter(map(as_line, before)), Counter(map(as_line, after))
    gone = [f"- {line}" for line in sorted((old - new).elements())]
    return gone + [f"+ {line}" for line in sorted((new - old).elements())]
