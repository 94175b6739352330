"""The audit log's entries. Nothing of them is ever changed or deleted: the service has no right to."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class AuditEntry(IdentityTable):
    """What somebody did, once by its event's id. ``changes`` as in ``AuditRecorded``."""

    __tablename__ = "audit_entries"
    __table_args__ = table_args(
        TableKind.OWNED,
        # the log, newest first
        Index("ix_audit_entries_at", "organization_id", "at", "id"),
        # what one person did, newest first
        Index("ix_audit_entries_user", "organization_id", "user_id", "at", "id"),
        append_only=True,
        unaudited="the audit log itself",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    service: Mapped[str]
    operation: Mapped[str]
    actor: Mapped[str]
    user_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    api_key_id: Mapped[UUID | None]
    address: Mapped[str]
    request_id: Mapped[str | None]
    changes: Mapped[list[Any]] = mapped_column(JSONB)
    omitted: Mapped[int]


class AuditedThing(IdentityTable):
    """In which entries a thing was changed: the history of one plan, one member, one key."""

    __tablename__ = "audited_things"
    __table_args__ = table_args(TableKind.OWNED, append_only=True, unaudited="the audit log itself")

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    thing_id: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[Id] = mapped_column(primary_key=True)
