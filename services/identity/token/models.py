"""Signing keys and refresh tokens."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, Json, TableKind, table_args


class SigningKey(IdentityTable):
    """An Ed25519 key that signs access tokens. The private part is sealed; the newest unretired one signs."""

    __tablename__ = "signing_keys"
    __table_args__ = table_args(TableKind.OWNED, global_reason="tokens are signed for users, not for tenants")

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[Json]
    sealed_private_jwk: Mapped[str]
    created_at: Mapped[Instant]
    retired_at: Mapped[Instant | None]


class RefreshToken(IdentityTable):
    """A refresh token, as its hash. All that descend from one login are a family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = table_args(
        TableKind.OWNED,
        # a re-used token ends its family
        Index("ix_refresh_tokens_family", "family_id"),
        global_reason="a session belongs to a user, who may have no organization",
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    family_id: Mapped[Id]
    user_id: Mapped[UUID]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    replaced_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
