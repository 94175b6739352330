"""Raw events as they came, which of them wait, and which could not be normalised."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.base import IngestionTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args

PARKED, RETRYING, RESOLVED = "parked", "retrying", "resolved"


class RawEvent(IngestionTable):
    """A webhook's body as Stripe signed it, stored once by connection and event id. Never partitioned by time:
    a repeat of any age must find its first."""  # noqa: D205, D209 - one thought

    __tablename__ = "raw_events"
    __table_args__ = table_args(
        TableKind.OWNED,
        # the list of raw events, newest first
        Index("ix_raw_events_received", "organization_id", "received_at", "connection_id", "event_id"),
        # the newest event of a connection (status)
        Index("ix_raw_events_connection_received", "organization_id", "connection_id", "received_at"),
        # the list filtered by type
        Index("ix_raw_events_type", "organization_id", "type", "received_at"),
        unaudited="what came from outside, kept as it came: its own record",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    api_version: Mapped[str | None]
    created: Mapped[Instant]
    received_at: Mapped[Instant]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    traceparent: Mapped[str | None]


class RawBacklog(IngestionTable):
    """A raw event that waits to be normalised."""

    __tablename__ = "raw_backlog"
    __table_args__ = table_args(
        TableKind.OWNED,
        # claiming one connection's oldest events
        Index("ix_raw_backlog_connection", "connection_id", "position"),
        deletable=True,
        global_reason="a queue: workers claim from it before they know which organizations wait",
        unaudited="a queue",
    )

    position: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    organization_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    event_id: Mapped[str]


class ParkedEvent(IngestionTable):
    """A raw event that could not be normalised, why, and how often it was tried."""

    __tablename__ = "parked_events"
    __table_args__ = table_args(
        TableKind.OWNED,
        UniqueConstraint("organization_id", "connection_id", "event_id"),
        # the list of parked events, newest first
        Index("ix_parked_events_last", "organization_id", "status", "last_parked_at", "id"),
        CheckConstraint("status IN ('parked', 'retrying', 'resolved')", name="status"),
        CheckConstraint("attempts >= 1", name="attempts"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    event_id: Mapped[str]
    type: Mapped[str]
    error: Mapped[str]
    message: Mapped[str]
    attempts: Mapped[int]
    status: Mapped[str]
    first_parked_at: Mapped[Instant]
    last_parked_at: Mapped[Instant]
