"""What linking knows: accounts and ventures of the organization, and its mapping of customers."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.base import IngestionTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class AccountView(IngestionTable):
    """An account as finance last told of it."""

    __tablename__ = "accounts"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    account_id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    venture_id: Mapped[UUID | None]
    archived: Mapped[bool]


class VentureView(IngestionTable):
    """A venture as plans last told of it."""

    __tablename__ = "ventures"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    archived: Mapped[bool]


class CustomerMapping(IngestionTable):
    """Which account a Stripe customer belongs to, said by a person; archived ones no longer count."""

    __tablename__ = "customer_mappings"
    __table_args__ = table_args(
        TableKind.OWNED,
        # the list, newest first
        Index("ix_customer_mappings_updated", "organization_id", "updated_at", "connection_id", "customer_id"),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    account_id: Mapped[UUID]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    updated_at: Mapped[Instant]
    updated_by: Mapped[UUID]
    archived_at: Mapped[Instant | None]


class LinkChange(IngestionTable):
    """One change of a customer's mapping: who, when, from which account to which."""

    __tablename__ = "link_changes"
    __table_args__ = table_args(
        TableKind.OWNED,
        # a customer's history, newest first
        Index("ix_link_changes_customer", "organization_id", "connection_id", "customer_id", "changed_at"),
        unaudited="it tells of changes that are audited themselves",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    customer_id: Mapped[str]
    account_before: Mapped[UUID | None]
    account_after: Mapped[UUID | None]
    changed_at: Mapped[Instant]
    changed_by: Mapped[UUID]
