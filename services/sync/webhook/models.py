"""Webhook endpoints."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.contracts.sync import Severity
from shared.platform.db.tables import Id, Instant, TableKind, table_args

ACTIVE, DISABLED = "active", "disabled"


class WebhookEndpoint(SyncTable):
    """An address that notices are posted to.

    ``types`` and ``venture_ids`` null: all. ``secrets`` holds sealed signing secrets with when each ends.
    ``failing_since`` and ``failures``: since when, and how often in a row, nothing arrived; until ``rests_until``
    nothing is posted.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(f"status IN ('{ACTIVE}', '{DISABLED}')", name="status"),
        CheckConstraint(f"minimum_severity IN ({', '.join(repr(one.value) for one in Severity)})", name="severity"),
        Index(
            "uq_webhook_endpoints_name",
            "organization_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("archived_at IS NULL"),
        ),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    url: Mapped[str]
    types: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    minimum_severity: Mapped[str]
    venture_ids: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    status: Mapped[str]
    disabled_reason: Mapped[str | None]
    secrets: Mapped[list[Any]]
    failing_since: Mapped[Instant | None]
    failures: Mapped[int]
    rests_until: Mapped[Instant | None]
    created_at: Mapped[Instant]
    created_by: Mapped[Id]
    updated_at: Mapped[Instant]
    updated_by: Mapped[Id]
    archived_at: Mapped[Instant | None]
