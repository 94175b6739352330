"""Money facts."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from services.finance.payment.rules import MoneyKind
from shared.platform.db.tables import Id, Instant, Minor, TableKind, table_args

_KINDS = ", ".join(repr(kind.value) for kind in MoneyKind)


class MoneyFact(FinanceTable):
    """A payment, refund, dispute or payout at its newest version, as one signed entry and its reversal.

    ``amount_minor`` (ISO 4217 minor units; positive when money came in, or arrived at the bank) counts
    on the local day ``counts_on``, and is taken back on ``reversed_on``. The days are null while the
    fact does not count, or is not reversed, or the organization's time zone is not known yet.
    """

    __tablename__ = "money_facts"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        # entries of a period
        Index("ix_money_facts_counts", "organization_id", "counts_on"),
        Index(
            "ix_money_facts_reversed",
            "organization_id",
            "reversed_on",
            postgresql_where=text("reversed_on IS NOT NULL"),
        ),
        # entries that wait for the organization's time zone
        Index(
            "ix_money_facts_undated",
            "organization_id",
            postgresql_where=text(
                "(counts_on IS NULL AND counts_at IS NOT NULL) OR (reversed_on IS NULL AND reversed_at IS NOT NULL)"
            ),
        ),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    currency: Mapped[str]
    amount_minor: Mapped[Minor]
    fee_minor: Mapped[Minor | None]
    counts_at: Mapped[Instant | None]
    counts_on: Mapped[date | None]
    reversed_at: Mapped[Instant | None]
    reversed_on: Mapped[date | None]
    status: Mapped[str]
    account_id: Mapped[UUID | None]
    venture_id: Mapped[UUID | None]
    customer_id: Mapped[str | None]
    payment_id: Mapped[str | None]
    evidence: Mapped[list[Any]]
