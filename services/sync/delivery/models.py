"""Deliveries and their attempts."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"


class WebhookDelivery(SyncTable):
    """A message for one endpoint: once for each notice. Its id is the message's, the same in every attempt.

    ``body`` is what is posted, to the byte. ``tries`` counts the attempts since it was last asked for,
    ``attempts`` all of them.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(f"state IN ('{WAITING}', '{DELIVERED}', '{FAILED}')", name="state"),
        # without a notice: a test
        Index("uq_webhook_deliveries_notice", "organization_id", "endpoint_id", "notice_id", unique=True),
        # serves: the log of an endpoint, newest first
        Index("ix_webhook_deliveries_listed", "organization_id", "endpoint_id", "created_at", "id"),
        # serves: what an endpoint is to be told next
        Index(
            "ix_webhook_deliveries_waiting",
            "organization_id",
            "endpoint_id",
            "next_attempt_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        deletable=True,
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    endpoint_id: Mapped[Id]
    notice_id: Mapped[Id | None]
    type: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int]
    attempts: Mapped[int]
    next_attempt_at: Mapped[Instant]
    created_at: Mapped[Instant]
    settled_at: Mapped[Instant | None]


class WebhookAttempt(SyncTable):
    """One attempt: what was answered (``status_code``, the beginning of the ``answer``), or why nothing was."""

    __tablename__ = "webhook_attempts"
    __table_args__ = table_args(TableKind.OWNED, deletable=True, unaudited="the log of a worker")

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    delivery_id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    duration_ms: Mapped[int]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    answer: Mapped[str | None]
