"""What a job is, and what it is given."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform.jobs.schedule import Schedule
from shared.platform.tenancy.organizations import OrganizationView

JsonValue = Any
"""What a cursor is made of: JSON."""


@dataclass(frozen=True, slots=True)
class Slot:
    """For whom and for which local day a job runs. ``started_at`` is when the run began."""

    organization: OrganizationView
    day: date
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What one chunk did: counts to add up, and where the next chunk goes on (null: the run is complete)."""

    counts: Counter[str] = field(default_factory=Counter)
    cursor: JsonValue = None


Chunk = Callable[[AsyncSession, Slot, JsonValue], Awaitable[Step]]
"""Does a part of the work in the transaction it is given, from a cursor on (null: the beginning)."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is due in every organization at a local time.

    A chunk's effect and the run's cursor are one transaction, so that a run goes on after a crash where it was, and
    each part's effect happens once. ``most_missed``: how many missed slots are caught up; 1 for work that only the
    newest slot needs.
    """

    name: str
    about: str
    schedule: Schedule
    chunk: Chunk
    most_missed: int = 1
