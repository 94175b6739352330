"""Connections to Stripe, and the routes by which webhooks find them."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.base import IngestionTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args

ACTIVE, DISABLED = "active", "disabled"


class StripeConnection(IngestionTable):
    """An organization's Stripe account. ``secrets`` holds sealed signing secrets with when each came and went."""

    __tablename__ = "stripe_connections"
    __table_args__ = table_args(
        TableKind.OWNED,
        Index("uq_stripe_connections_name", "organization_id", text("lower(name)"), unique=True),
        CheckConstraint("status IN ('active', 'disabled')", name="status"),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    stripe_account_id: Mapped[str | None]
    livemode: Mapped[bool]
    default_venture_id: Mapped[UUID | None]
    status: Mapped[str]
    secrets: Mapped[list[Any]]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    updated_at: Mapped[Instant]
    updated_by: Mapped[UUID]


class ConnectionRoute(IngestionTable):
    """What the webhook needs to know of a connection before it knows whose it is."""

    __tablename__ = "connection_routes"
    __table_args__ = table_args(
        TableKind.OWNED,
        global_reason="a webhook names its connection only; the route says which organization it belongs to",
        unaudited="a copy of the connection for the webhook",
    )

    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    stripe_account_id: Mapped[str | None]
    livemode: Mapped[bool]
    active: Mapped[bool]
    sealed_secrets: Mapped[list[Any]]
