"""What every request goes through before its endpoint."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant

from shared.contracts.topology import SERVICES


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    for one in dependant.dependencies:
        assert one.call is not None
        yield one.call
        yield from calls(one)


def waits(call: Callable[..., Any]) -> bool:
    """Whether FastAPI awaits it, instead of handing it to a thread."""
    functions = (call, getattr(call, "__call__", None))  # noqa: B004 - the method itself is looked at
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in functions)


@pytest.mark.parametrize("service", SERVICES)
def test_no_dependency_costs_a_switch_to_a_thread(service: str) -> None:
    routes = [
        route for router in import_module(f"services.{service}.app").SERVICE.routers for route in router.api.routes
    ]
    in_threads = {
        call.__qualname__
        for route in routes
        for call in calls(route.dependant)
        # a class only gathers what the query says: its requests are few
        if not inspect.isclass(call) and not waits(call)
    }
    assert in_threads == set(), "declare it async, even if it awaits nothing"
