"""Signing keys and refresh tokens."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, Json, TableKind, table_args


class SigningKey(IdentityTable):
    """An Ed25519 key for access tokens, its private part sealed.

    It is published from the beginning, signs from ``signs_from`` on (the newest one does), and its signatures
    count until ``retired_at``.
    """

    __tablename__ = "signing_keys"
    __table_args__ = table_args(
        TableKind.OWNED,
        global_reason="tokens are signed for users, not for tenants",
        unaudited="the first is made by whoever first needs one; rotating them is told by itself",
    )

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[Json]
    sealed_private_jwk: Mapped[str]
    created_at: Mapped[Instant]
    signs_from: Mapped[Instant]
    retired_at: Mapped[Instant | None]


class RefreshToken(IdentityTable):
    """A refresh token, as its hash. All that descend from one login are a family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = table_args(
        TableKind.OWNED,
        # a re-used token ends its family
        Index("ix_refresh_tokens_family", "family_id"),
        global_reason="a session belongs to a user, who may have no organization",
        unaudited="a session is audited, not each token that keeps it alive",
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    family_id: Mapped[Id]
    user_id: Mapped[UUID]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    replaced_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
