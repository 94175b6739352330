"""Accounts."""

from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from shared.platform.db.tables import Figure, Id, Instant, TableKind, table_args


class Account(FinanceTable):
    """A paying customer of the organization. ``billing_amount`` is per ``billing_interval``."""

    __tablename__ = "accounts"
    __table_args__ = table_args(
        TableKind.OWNED,
        # the optional bridge to an older system is one to one
        Index(
            "uq_accounts_legacy_customer",
            "organization_id",
            "legacy_customer_id",
            unique=True,
            postgresql_where=text("legacy_customer_id IS NOT NULL AND archived_at IS NULL"),
        ),
        # the list of accounts, newest first
        Index("ix_accounts_created", "organization_id", "created_at", "id"),
        CheckConstraint("status IN ('active', 'inactive')", name="status"),
        CheckConstraint("billing_interval IN ('monthly', 'annual')", name="billing_interval"),
        CheckConstraint("billing_amount >= 0", name="billing_amount"),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    venture_id: Mapped[UUID | None]
    legacy_customer_id: Mapped[str | None]
    status: Mapped[str]
    is_billable: Mapped[bool]
    billing_amount: Mapped[Figure | None]
    billing_currency: Mapped[str | None]
    billing_interval: Mapped[str | None]
    billing_includes_tax: Mapped[bool]
    owner: Mapped[str | None]
    segment: Mapped[str | None]
    tax_id: Mapped[str | None]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    updated_at: Mapped[Instant]
    archived_at: Mapped[Instant | None]

    @property
    def pricing_complete(self) -> bool:
        """Whether amount, currency and interval are all known."""
        return None not in (self.billing_amount, self.billing_currency, self.billing_interval)

    @property
    def allowed_actions(self) -> list[Literal["update", "archive", "unarchive"]]:
        """What can be done with the account now."""
        return ["update", "archive"] if self.archived_at is None else ["unarchive"]
