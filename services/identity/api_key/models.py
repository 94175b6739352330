"""API keys."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class ApiKey(IdentityTable):
    """A key of an organization, its secret as a keyed hash. ``scopes`` null: all that the role allows."""

    __tablename__ = "api_keys"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint("role IN ('admin', 'member', 'viewer')", name="role"),
        CheckConstraint("version >= 1", name="version"),
        # the list of keys, newest first
        Index("ix_api_keys_created", "organization_id", "created_at", "id"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    scopes: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    digest: Mapped[str]
    hint: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    revoked_by: Mapped[UUID | None]
