"""Memberships and invitations."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.contracts.identity import MembershipStatus, Role
from shared.platform.db.tables import Id, Instant, TableKind, table_args


def _one_of(column: str, values: type[Role] | type[MembershipStatus]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


class Membership(IdentityTable):
    """A user in an organization. ``version`` grows with every change of it; removed ones stay.

    ``venture_ids`` null: all ventures. Access tokens issued before ``tokens_valid_from`` count no more.
    """

    __tablename__ = "memberships"
    __table_args__ = table_args(
        TableKind.OWNED,
        # log in: all organizations of a user
        Index("ix_memberships_user", "user_id"),
        CheckConstraint(_one_of("role", Role), name="role"),
        CheckConstraint(_one_of("status", MembershipStatus), name="status"),
        CheckConstraint("version >= 1", name="version"),
        global_reason="read at login, before any organization is chosen",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    role: Mapped[str]
    status: Mapped[str]
    version: Mapped[int]
    joined_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    changed_by: Mapped[UUID]
    venture_ids: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    tokens_valid_from: Mapped[Instant | None]


class Invitation(IdentityTable):
    """An invitation to an organization, its token as a hash. One is open per address."""

    __tablename__ = "invitations"
    __table_args__ = table_args(
        TableKind.OWNED,
        Index("uq_invitations_token_hash", "token_hash", unique=True),
        Index(
            "uq_invitations_open",
            "organization_id",
            "email_key",
            unique=True,
            postgresql_where="accepted_at IS NULL AND revoked_at IS NULL",
        ),
        CheckConstraint(_one_of("role", Role), name="role"),
        global_reason="found by its token, before the reader belongs to the organization",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[str]
    invited_by: Mapped[UUID]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    venture_ids: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    accepted_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
