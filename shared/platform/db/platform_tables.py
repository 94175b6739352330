"""The tables that every service's database has: outbox, event log, inbox, dead letters, and who is who.

None of them has a tenant policy: the relay and the consumers read across organizations, and
organizations and memberships are what a tenant is decided by.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.platform.db.tables import TableKind, TrueupTable, new_metadata, table_args


class PlatformTable(TrueupTable):
    """Base of the platform's tables."""

    __abstract__ = True
    metadata = new_metadata()


class OutboxRow(PlatformTable):
    """An event that waits for the relay. ``position`` is the order in which they leave."""

    __tablename__ = "outbox"
    __table_args__ = table_args(TableKind.PLATFORM, global_reason="the relay reads all")
    position: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    event_type: Mapped[str]
    sequence: Mapped[int | None]
    payload: Mapped[str]
    traceparent: Mapped[str | None]
    recorded_at: Mapped[datetime]


class EventLogRow(PlatformTable):
    """An event that was handed to the stream: append-only, partitioned by its time-ordered id."""

    __tablename__ = "event_log"
    __table_args__ = table_args(
        TableKind.PLATFORM,
        global_reason="the operator re-emits from it",
        postgresql_partition_by="RANGE (event_id)",
    )
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int]
    organization_id: Mapped[UUID]
    event_type: Mapped[str]
    sequence: Mapped[int | None]
    payload: Mapped[str]
    traceparent: Mapped[str | None]
    recorded_at: Mapped[datetime]


class OutboxDeadRow(PlatformTable):
    """An outbox row that the bus refuses for good; an operator decides."""

    __tablename__ = "outbox_dead"
    __table_args__ = table_args(TableKind.PLATFORM, global_reason="the relay writes it")
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    event_type: Mapped[str]
    payload: Mapped[str]
    error: Mapped[str]
    died_at: Mapped[datetime]


class InboxRow(PlatformTable):
    """An event that was applied. It saves work; correctness comes from versions and natural keys."""

    __tablename__ = "inbox"
    __table_args__ = table_args(
        TableKind.PLATFORM, global_reason="event ids only", postgresql_partition_by="RANGE (event_id)"
    )
    event_id: Mapped[UUID] = mapped_column(primary_key=True)


class RetryRow(PlatformTable):
    """How often a message has failed alone. ``published_at``: a stream that was made anew counts from 1 again."""

    __tablename__ = "retries"
    __table_args__ = table_args(TableKind.PLATFORM, global_reason="no tenant data")
    stream: Mapped[str] = mapped_column(primary_key=True)
    stream_sequence: Mapped[int] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    last_error: Mapped[str]
    first_failed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class DeadLetterRow(PlatformTable):
    """A message that could not be applied, kept whole, until an operator replays or discards it."""

    __tablename__ = "dead_letters"
    __table_args__ = table_args(
        TableKind.PLATFORM,
        CheckConstraint("state IN ('open', 'replayed', 'discarded')", name="state"),
        # a stream that was made anew counts from 1 again: another instant is another message
        UniqueConstraint("stream", "stream_sequence", "published_at", postgresql_nulls_not_distinct=True),
        # trueup dead-letters list: open ones, oldest first
        Index("ix_dead_letters_open", "died_at", postgresql_where="state = 'open'"),
        global_reason="undecodable messages have no tenant",
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str]
    stream_sequence: Mapped[int]
    published_at: Mapped[datetime | None]
    subject: Mapped[str]
    event_type: Mapped[str | None]
    event_id: Mapped[str | None]
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    error_type: Mapped[str]
    error: Mapped[str]
    attempts: Mapped[int]
    died_at: Mapped[datetime]
    state: Mapped[str]
    settled_at: Mapped[datetime | None]


class IdempotencyKeyRow(PlatformTable):
    """A mutation's first answer, given again to the same key and body."""

    __tablename__ = "idempotency_keys"
    __table_args__ = table_args(TableKind.PLATFORM, global_reason="keyed by caller, before a tenant is known")
    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime]


class OrganizationRow(PlatformTable):
    """Read model of an organization."""

    __tablename__ = "organizations"
    __table_args__ = table_args(TableKind.PLATFORM, global_reason="time zone and currency of every tenant")
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    slug: Mapped[str]
    base_currency: Mapped[str]
    time_zone: Mapped[str]
    fiscal_year_start: Mapped[int]
    archived: Mapped[bool]


class MembershipRow(PlatformTable):
    """Read model of a membership: it overrules an older token. ``venture_ids`` null: all ventures.

    ``email``: where the member is written to; null if identity has not told it.
    """

    __tablename__ = "memberships"
    __table_args__ = table_args(TableKind.PLATFORM, global_reason="rights are decided before a tenant is set")
    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    role: Mapped[str]
    active: Mapped[bool]
    venture_ids: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    tokens_valid_from: Mapped[datetime | None]
    email: Mapped[str | None]


class ApiKeyRow(PlatformTable):
    """Read model of an API key. ``scopes`` null: all that its role allows."""

    __tablename__ = "api_keys"
    __table_args__ = table_args(TableKind.PLATFORM, global_reason="rights are decided before a tenant is set")
    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    role: Mapped[str]
    scopes: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    digest: Mapped[str]
    acts_for: Mapped[UUID]
    expires_at: Mapped[datetime | None]
    revoked: Mapped[bool]


class JobRunRow(PlatformTable):
    """A run of a job for one organization and slot (a local day): when, by whom, what it did, why it failed.

    A scheduled slot has one row, however many replicas look for it. ``owner`` carries it out until
    ``lease_until``; after that (or when it failed and has waited so long) another may. ``cursor`` says where the next
    chunk goes on.
    """

    __tablename__ = "job_runs"
    __table_args__ = table_args(
        TableKind.PLATFORM,
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'skipped')", name="state"),
        # one row for a slot; serves: which slots are settled
        Index("uq_job_runs_slot", "organization_id", "job", "slot", unique=True, postgresql_where="scheduled"),
        # serves: runs asked for by hand
        Index("ix_job_runs_by_hand", "job", "id", postgresql_where="NOT scheduled AND state <> 'done'"),
        # serves: the list of runs, newest first
        Index("ix_job_runs_listed", "organization_id", "id"),
        global_reason="replicas look for due slots of all organizations",
        unaudited=None,  # who asks for a run by hand does something
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    job: Mapped[str]
    slot: Mapped[date]
    scheduled: Mapped[bool]
    dry_run: Mapped[bool]
    state: Mapped[str]
    attempts: Mapped[int]
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_until: Mapped[datetime]
    owner: Mapped[UUID | None]
    cursor: Mapped[Any | None] = mapped_column(JSONB)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    error: Mapped[str | None]
    started_by: Mapped[UUID | None]
