"""Counts of requests, and requests that wait to be looked into."""

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class RequestCount(IdentityTable):
    """How often an operation was asked for since ``since``, per account and address. ``subject`` is a hash."""

    __tablename__ = "request_counts"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint("scope IN ('account_address', 'account', 'address')", name="scope"),
        # forgetting windows that are over
        Index("ix_request_counts_since", "since"),
        deletable=True,
        global_reason="counted before anybody is known",
        unaudited="it counts requests",
    )

    operation: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int]
    since: Mapped[Instant]


class DoorRequest(IdentityTable):
    """Something asked for by e-mail address; the doorman looks whether the address is known after the answer."""

    __tablename__ = "door_requests"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint("kind IN ('register', 'resend_verification', 'reset_password')", name="kind"),
        # the doorman: oldest first
        Index("ix_door_requests_created", "created_at"),
        deletable=True,
        global_reason="nobody is known yet",
        unaudited="a queue; what the doorman does with it is audited",
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str]
    email: Mapped[str]
    password_hash: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    address: Mapped[str]
    created_at: Mapped[Instant]
