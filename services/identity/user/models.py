"""Users, the proof of their addresses, new passwords, and failed logins."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class User(IdentityTable):
    """A person. ``email_key`` is the address as it is compared: without case."""

    __tablename__ = "users"
    __table_args__ = table_args(
        TableKind.OWNED,
        UniqueConstraint("email_key"),
        global_reason="a person may belong to several organizations, or to none yet",
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str]
    password_hash: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    active: Mapped[bool]
    verified_at: Mapped[Instant | None]
    created_at: Mapped[Instant]


class EmailVerification(IdentityTable):
    """A token that proves an address, as its hash."""

    __tablename__ = "email_verifications"
    __table_args__ = table_args(
        TableKind.OWNED,
        # how many letters a user was sent lately
        Index("ix_email_verifications_user", "user_id", "created_at"),
        global_reason="proves an address before any organization is known",
        unaudited="what it proves is audited, on the user",
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class PasswordReset(IdentityTable):
    """A token that lets its holder choose a new password, once, as its hash."""

    __tablename__ = "password_resets"
    __table_args__ = table_args(
        TableKind.OWNED,
        # a new password closes all of them
        Index("ix_password_resets_user", "user_id", "created_at"),
        global_reason="it belongs to a user, who may have no organization",
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class LoginFailures(IdentityTable):
    """How many logins failed since ``since``, per account and address. ``subject`` is a hash."""

    __tablename__ = "login_failures"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint("scope IN ('account_address', 'account', 'address')", name="scope"),
        deletable=True,
        global_reason="counted before anybody is known",
        unaudited="it counts failures; each is told by itself",
    )

    scope: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    since: Mapped[Instant]
