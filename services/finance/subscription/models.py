"""Subscriptions: the changes that ingestion tells, and what follows from them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from services.finance.subscription.rules import SubscriptionState
from shared.platform.db.tables import Figure, Id, Instant, TableKind, table_args

_STATES = ", ".join(repr(state.value) for state in SubscriptionState)


class SubscriptionChange(FinanceTable):
    """A subscription as it stood from ``effective_at`` on (ingestion's fact, its highest revision).

    ``effective_on`` is that instant's local day, null until the organization's time zone is known;
    ``churned_at`` is when it ended, null while it has not churned.
    """

    __tablename__ = "subscription_changes"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    effective_at: Mapped[Instant] = mapped_column(primary_key=True)
    revision: Mapped[int]
    effective_on: Mapped[date | None]
    churned_at: Mapped[Instant | None]
    customer_id: Mapped[str | None]
    account_id: Mapped[UUID | None]
    venture_id: Mapped[UUID | None]
    currency: Mapped[str]
    status: Mapped[str]
    paused: Mapped[bool]
    deleted: Mapped[bool]
    cancel_at_period_end: Mapped[bool]
    current_period_end: Mapped[Instant | None]
    canceled_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    trial_end: Mapped[Instant | None]
    items: Mapped[list[Any]]
    discounts: Mapped[list[Any]]
    unresolved_discounts: Mapped[list[Any]]
    evidence: Mapped[list[Any]]


class Subscription(FinanceTable):
    """A subscription as its newest change leaves it (what it amounts to, day by day, is in its spans)."""

    __tablename__ = "subscriptions"
    __table_args__ = table_args(
        TableKind.DERIVED,
        # subscriptions of one venture, and of one account
        Index("ix_subscriptions_venture", "organization_id", "venture_id", "subscription_id"),
        Index("ix_subscriptions_account", "organization_id", "account_id", "subscription_id"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    effective_at: Mapped[Instant]
    customer_id: Mapped[str | None]
    account_id: Mapped[UUID | None]
    venture_id: Mapped[UUID | None]
    currency: Mapped[str]
    status: Mapped[str]
    paused: Mapped[bool]
    cancel_at_period_end: Mapped[bool]
    current_period_end: Mapped[Instant | None]
    trial_end: Mapped[Instant | None]
    canceled_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    unresolved_discounts: Mapped[list[Any]]


class SubscriptionSpan(FinanceTable):
    """Local days ``day <= d < until`` which a subscription ends the same way, and its MRR on them.

    ``customer`` is who counts as one customer: the linked account, else the provider's customer.
    ``mrr`` is in ``currency``, half-even to 6 decimals; ``effective_at`` names the change behind it.
    """

    __tablename__ = "subscription_spans"
    __table_args__ = table_args(
        TableKind.DERIVED,
        # the parts of a venture's figure on a day
        Index("ix_subscription_spans_venture", "organization_id", "venture_id", "until"),
        # the other subscriptions of a customer, to count it once
        Index("ix_subscription_spans_customer", "organization_id", "customer", "until"),
        CheckConstraint("day < until", name="until"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("state = 'active' OR mrr = 0", name="mrr"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[date]
    venture_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    customer: Mapped[str]
    currency: Mapped[str]
    state: Mapped[str]
    mrr: Mapped[Figure]
    effective_at: Mapped[Instant]
