"""The event of the audit log: every service tells it, identity keeps it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.contracts.event import Event, Kind, Part

NO_ORGANIZATION = UUID(int=0)
"""Whose entries are that concern no organization (somebody who belongs to none, an operator's command)."""


class ActorKind(StrEnum):
    """What somebody acted as."""

    USER = "user"
    API_KEY = "api_key"
    OPERATOR = "operator"
    NOBODY = "nobody"


class Action(StrEnum):
    """What became of a thing."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    REFUSED = "refused"


class AuditChange(Part):
    """One thing that was changed: of a changed one the columns that differ, else all of them.

    ``kind`` is its table's name, ``id`` its key beside the organization's. A secret's value is ``(secret)``; a value
    or a thing that is too large tells its size instead.
    """

    kind: str
    id: str | None
    action: Action
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditRecorded(Event, type="audit.recorded", kind=Kind.SIGNAL, key=(), internal=True):
    """Somebody did something: who, with what, from where, and what it changed.

    The event's id is the entry's. ``user_id`` is for whom it counts (an API key's maker); ``omitted`` is how many
    more things were changed than ``changes`` has room for.
    """

    service: str
    operation: str
    actor: ActorKind
    user_id: UUID | None
    session_id: UUID | None
    api_key_id: UUID | None
    address: str
    request_id: str | None
    at: datetime
    changes: tuple[AuditChange, ...]
    omitted: int = 0
