"""Logins with another provider that are under way, and whom its subjects are."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Instant, TableKind, table_args


class ProviderLogin(IdentityTable):
    """A login that was sent to a provider and has not come back. ``state_hash`` is of what the browser keeps."""

    __tablename__ = "provider_logins"
    __table_args__ = table_args(
        TableKind.OWNED,
        # forgetting those that never came back
        Index("ix_provider_logins_expires", "expires_at"),
        deletable=True,
        global_reason="nobody is known yet",
        unaudited="nobody has logged in yet",
    )

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str]
    nonce: Mapped[str]
    sealed_verifier: Mapped[str]
    return_to: Mapped[str]
    expires_at: Mapped[Instant]


class ProviderAccount(IdentityTable):
    """A provider's subject is this user."""

    __tablename__ = "provider_accounts"
    __table_args__ = table_args(
        TableKind.OWNED,
        Index("ix_provider_accounts_user", "user_id"),
        global_reason="a person may belong to several organizations, or to none yet",
    )

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    linked_at: Mapped[Instant]
