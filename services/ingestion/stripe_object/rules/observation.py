"""What one event shows of one object."""

from dataclasses import dataclass, field
from typing import Any

Facts = dict[str, Any]
"""What Trueup reads of an object: the same members whatever the API version; JSON values only."""

Marks = dict[str, int]
"""When (seconds since 1970) something was first seen to hold of an object; the earliest sighting counts."""

# Which of two states of one second is the later when nothing in them tells: the further along its life cycle.
_RANKS = {
    "created": 0,
    "finalized": 20,
    "updated": 30,
    "succeeded": 30,
    "captured": 40,
    "paid": 40,
    "payment_succeeded": 40,
    "refunded": 50,
    "closed": 50,
    "reconciliation_completed": 50,
    "failed": 60,
    "canceled": 60,
    "voided": 60,
    "marked_uncollectible": 60,
    "deleted": 100,
}
_ANY_OTHER = 30


def rank(event_type: str) -> int:
    """How far along an object's life the events of a type stand."""
    return _RANKS.get(event_type.rpartition(".")[2], _ANY_OTHER)


@dataclass(frozen=True, slots=True)
class Observation:
    """An object as one event shows it.

    ``direct``: the event is about this object (else it was found inside another one, which may be
    older than the event). ``previous``: what the change overwrote (Stripe's ``previous_attributes``).
    ``second``: when the event was created; -1 for a deletion that shows nothing of the object, which any
    state precedes.
    """

    object_type: str
    object_id: str
    second: int
    event_id: str
    event_type: str
    state: dict[str, Any]
    facts: Facts
    marks: Marks = field(default_factory=dict)
    direct: bool = True
    previous: dict[str, Any] | None = None

    @property
    def precedence(self) -> tuple[int, bool]:
        """The greater one is the newer; observations that share it are told apart by their content."""
        return (self.second, self.direct)
