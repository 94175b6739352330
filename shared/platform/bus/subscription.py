"""What a service does with the events of one stream."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.event import REGISTRY, Event

E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Batch:
    """Events of one stream, in stream order, each of them new to this service."""

    events: Sequence[Event]

    def of(self, *classes: type[E]) -> list[E]:
        """The events of some classes (a base class gives all its events), in stream order."""
        return [event for event in self.events if isinstance(event, classes)]

    @property
    def organizations(self) -> set[UUID]:
        """The organizations that the events belong to."""
        return {event.organization_id for event in self.events}


Handler = Callable[[AsyncSession, Batch], Awaitable[None]]

UNHURRIED = 9.0
"""The rest of readers at the loop's end, in times of what a batch took: they take a tenth of a processor at most,
however little there is to read at a time."""
LONGEST_REST_SECONDS = 0.25
"""What is shown at the loop's end is at most this much older because of rests."""


@dataclass(frozen=True)
class Subscription:
    """A stream, the event classes that matter (a base class stands for all its events), and what to do.

    ``rest``: how long to rest after a batch that was not full, in times of what the batch took. What comes after a
    quiet moment is handled at once; under load, a reader that nobody downstream waits for takes more at a time, for
    less of the processor.
    """

    stream: str
    events: tuple[type[Event], ...]
    handle: Handler = field(repr=False)
    rest: float = 0.0

    @cached_property
    def wanted(self) -> dict[str, type[Event]]:
        """Event type -> class of everything that is handled."""
        return {name: event for name, event in REGISTRY.items() if issubclass(event, self.events)}
