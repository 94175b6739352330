"""What the tables of the ledger share."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.schema import SchemaItem

from services.ingestion.base import IngestionTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class LedgerRow(IngestionTable):
    """A normalised fact: natural key, version, links, evidence (the newest event ids behind it).

    ``account_id`` None: unlinked; ``venture_id`` None: shared. ``account_claim`` and ``venture_claim`` are
    what the objects' own metadata says, known or not: a row links by itself when they become known.
    """

    __abstract__ = True

    # They lead every key, whatever the table adds.
    organization_id: Mapped[Id] = mapped_column(primary_key=True, sort_order=-2)
    connection_id: Mapped[Id] = mapped_column(primary_key=True, sort_order=-1)
    version: Mapped[int]
    currency: Mapped[str]
    customer_id: Mapped[str | None]
    account_id: Mapped[UUID | None]
    venture_id: Mapped[UUID | None]
    account_claim: Mapped[UUID | None]
    venture_claim: Mapped[UUID | None]
    evidence: Mapped[list[Any]]
    recorded_at: Mapped[Instant]
    changed_at: Mapped[Instant]


def ledger_items(table: str, *, listed_by: str, key: str) -> tuple[SchemaItem, ...]:
    """The indexes and checks of a ledger table that is listed by one of its columns."""
    return (
        # the list, newest first
        Index(f"ix_{table}_listed", "organization_id", listed_by, "connection_id", key),
        # a customer's rows, when its link changes; the unlinked queue
        Index(f"ix_{table}_customer", "organization_id", "connection_id", "customer_id"),
        # an account's rows, when its venture changes; the list filtered by account
        Index(f"ix_{table}_account", "organization_id", "account_id"),
        # rows that wait for an account or a venture
        Index(
            f"ix_{table}_account_claim",
            "organization_id",
            "account_claim",
            postgresql_where=text("account_claim IS NOT NULL"),
        ),
        Index(
            f"ix_{table}_venture_claim",
            "organization_id",
            "venture_claim",
            postgresql_where=text("venture_claim IS NOT NULL"),
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )


class RederiveBacklog(IngestionTable):
    """A payment, payout or subscription that the worker shall derive again: its link or its rule changed."""

    __tablename__ = "rederive_backlog"
    __table_args__ = table_args(
        TableKind.OWNED,
        # taking one connection's oldest ones
        Index("ix_rederive_backlog_connection", "connection_id", "position"),
        CheckConstraint("noun IN ('payment', 'payout', 'subscription')", name="noun"),
        deletable=True,
        global_reason="a queue: workers claim from it before they know which organizations wait",
        unaudited="a queue",
    )

    position: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    organization_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    noun: Mapped[str]
    key: Mapped[str]
