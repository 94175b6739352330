"""Request and response bodies of the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from services.identity.api_key.models import ApiKey
from services.identity.audit.models import AuditEntry
from services.identity.audit.rules import searched_since
from services.identity.user.models import User
from shared.contracts.audit import Action, ActorKind
from shared.kernel.clock import now
from shared.kernel.text import Prose


class ActorOut(BaseModel):
    """Who acted: a user in a session, an API key (``user_id`` is who made it), the operator, or nobody known."""

    kind: ActorKind
    user_id: UUID | None
    name: str | None
    email: str | None
    session_id: UUID | None
    api_key_id: UUID | None
    api_key_name: str | None


class ChangeOut(BaseModel):
    """One thing that was changed, with what differs before and after. Secrets are shown as `(secret)`."""

    kind: str
    id: str | None
    action: Action
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditEntryOut(BaseModel):
    """What somebody did. ``omitted``: how many more things were changed than there is room for."""

    id: UUID
    at: datetime
    service: str
    operation: Annotated[str, Field(description="the operation id of this document", examples=["savePlan"])]
    actor: ActorOut
    address: str
    request_id: str | None
    changes: list[ChangeOut]
    omitted: int

    @classmethod
    def of(cls, entry: AuditEntry, user: User | None, key: ApiKey | None) -> "AuditEntryOut":
        """From its rows."""
        return cls(
            id=entry.id,
            at=entry.at,
            service=entry.service,
            operation=entry.operation,
            actor=ActorOut(
                kind=ActorKind(entry.actor),
                user_id=entry.user_id,
                name=user and f"{user.first_name} {user.last_name}",
                email=user and user.email,
                session_id=entry.session_id,
                api_key_id=entry.api_key_id,
                api_key_name=key and key.name,
            ),
            address=entry.address,
            request_id=entry.request_id,
            changes=entry.changes,
            omitted=entry.omitted,
        )

    def rows(self) -> Iterator[list[Any]]:
        """The lines of the export: one for each thing that was changed."""
        who = self.actor
        for change in self.changes:
            yield [
                *(self.at.isoformat(), self.service, self.operation, who.kind.value),
                *(who.user_id, who.name, who.email, who.api_key_id, who.api_key_name, who.session_id),
                *(self.address, self.request_id, change.kind, change.id, change.action.value),
                *(change.before, change.after, self.id, self.omitted),
            ]


_YEARS = range(2000, 2200)


def _reasonable(value: datetime) -> datetime:
    if value.year not in _YEARS:
        raise ValueError("is out of range")
    return value


def _text(description: str, *examples: str, least: int = 1) -> Any:
    return Query(min_length=least, max_length=200, description=description, examples=list(examples))


_SEARCH = (
    "text anywhere in the entry, in the 90 days before `until` (or now) unless `since` says otherwise; "
    "in 366 days at most"
)
Instant = Annotated[AwareDatetime, AfterValidator(_reasonable)]
Text = Prose | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; what is None does not matter."""

    since: datetime | None = None
    until: datetime | None = None
    service: str | None = None
    operation: str | None = None
    actor: ActorKind | None = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    kind: str | None = None
    thing_id: str | None = None
    text: str | None = None


async def _filter(
    *,
    since: Annotated[Instant | None, Query(description="from this instant on")] = None,
    until: Annotated[Instant | None, Query(description="before this instant")] = None,
    service: Annotated[Text, _text("which service", "plans")] = None,
    operation: Annotated[Text, _text("an operation id of this document", "savePlan")] = None,
    actor: Annotated[ActorKind | None, Query(description="as what somebody acted")] = None,
    user_id: Annotated[UUID | None, Query(description="who acted, or whose API key")] = None,
    api_key_id: UUID | None = None,
    kind: Annotated[Text, _text("of a thing changed", "plans")] = None,
    id: Annotated[Text, _text("of a thing changed")] = None,  # noqa: A002 - the parameter's name
    q: Annotated[Text, _text(_SEARCH, least=2)] = None,
) -> AuditFilter:
    if q is not None:
        since = searched_since(since, until, now())
    return AuditFilter(since, until, service, operation, actor, user_id, api_key_id, kind, id, q)


AuditQuery = Annotated[AuditFilter, Depends(_filter)]
"""The filters of a request."""
