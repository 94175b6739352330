"""What every event is: a frozen model with a type, a kind, a key and a version.

Kinds decide how a consumer applies it, so that any order and any repetition ends in the same state:

- *snapshot*: the complete public state of its aggregate; applied when its version is newer;
- *fact*: something that happened, immutable under its natural key, corrected by a higher revision;
- *signal*: a note that changes no figure.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PrivateAttr


class Kind(StrEnum):
    """How a consumer applies an event."""

    SNAPSHOT = "snapshot"
    FACT = "fact"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an event reached its consumer."""

    event_id: UUID
    time: datetime
    traceparent: str | None = None


REGISTRY: dict[str, type["Event"]] = {}


class Part(BaseModel):
    """A value inside an event. Unknown members are ignored: a reader outlives a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """Base of all events. Declare with class keywords ``type``, ``kind`` and ``key``.

    ``sequence_field`` names the member that grows with every change of the same key. ``internal`` ones are between
    services: their subject has four parts, so that whoever may read ``*.*.<organization_id>`` does not see them,
    and names the service that tells them, so that no service can speak for another.
    """

    event_type: ClassVar[str]
    event_version: ClassVar[int] = 1
    owner: ClassVar[str]
    kind: ClassVar[Kind]
    key: ClassVar[tuple[str, ...]]
    sequence_field: ClassVar[str | None] = None
    internal: ClassVar[bool] = False

    organization_id: UUID
    _delivery: Delivery | None = PrivateAttr(default=None)
    _caused_by: str | None = PrivateAttr(default=None)

    def __init_subclass__(
        cls,
        *,
        type: str | None = None,  # noqa: A002 - the word of CloudEvents
        kind: Kind | None = None,
        key: tuple[str, ...] | None = None,
        sequence: str | None = None,
        internal: bool = False,
        **options: Any,
    ) -> None:
        super().__init_subclass__(**options)
        if kind is not None:
            cls.kind = kind
        if key is not None:
            cls.key = key
        if sequence is not None:
            cls.sequence_field = sequence
        if internal:
            cls.internal = True
        if type is not None:
            cls.event_type = type
            cls.owner = cls.__module__.removeprefix("shared.contracts.").partition(".")[0]
            REGISTRY[type] = cls

    @property
    def sequence(self) -> int | None:
        """The aggregate's version, which grows with every change of the same key."""
        value: int | None = getattr(self, self.sequence_field) if self.sequence_field else None
        return value

    @property
    def natural_key(self) -> tuple[Any, ...]:
        """The organization and the key's values."""
        return (self.organization_id, *(getattr(self, name) for name in self.key))

    @classmethod
    def subject_of(cls, organization: object, source: object) -> str:
        """The NATS subject: ``<entity>.<verb>.<organization_id>``, of internal ones with the service before that."""
        named = f"{source}.{organization}" if cls.internal else organization
        return f"{cls.event_type}.{named}"

    @property
    def delivery(self) -> Delivery:
        """Where a consumed event came from; only set on events that were received."""
        if self._delivery is None:
            raise LookupError("this event was not received from the bus")
        return self._delivery

    def delivered(self, delivery: Delivery) -> None:
        """Note how this event was received (called once, by the bus)."""
        self._delivery = delivery

    @property
    def caused_by(self) -> str | None:
        """The trace context that this event continues, if its maker named one."""
        return self._caused_by

    def caused(self, traceparent: str | None) -> Self:
        """Note which trace this event continues; returns the event."""
        self._caused_by = traceparent
        return self
