"""Stripe's objects, mirrored."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.base import IngestionTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class StripeObject(IngestionTable):
    """The newest state of an object, whatever the order of arrival (see ``rules.mirror``).

    ``since``: 0, or for a subscription, of which every second's state is kept, that second. ``state`` is
    Stripe's object, ``facts`` what Trueup reads of it. No foreign keys: objects come in any order.
    """

    __tablename__ = "stripe_objects"
    __table_args__ = table_args(
        TableKind.DERIVED,
        # everything of one payment; the discounts of a customer
        Index(
            "ix_stripe_objects_group",
            "organization_id",
            "connection_id",
            "group_key",
            postgresql_where=text("group_key IS NOT NULL"),
        ),
        # the discounts that a coupon gives
        Index(
            "ix_stripe_objects_coupon",
            "organization_id",
            "connection_id",
            "coupon_id",
            postgresql_where=text("coupon_id IS NOT NULL"),
        ),
        # when a subscription was deleted
        Index(
            "ix_stripe_objects_deleted_subscription",
            "organization_id",
            "connection_id",
            "object_id",
            postgresql_where=text("object_type = 'subscription' AND deleted_second IS NOT NULL"),
        ),
        # customers that wait for an account or a venture
        Index(
            "ix_stripe_objects_account_claim",
            "organization_id",
            "account_claim",
            postgresql_where=text("account_claim IS NOT NULL"),
        ),
        Index(
            "ix_stripe_objects_venture_claim",
            "organization_id",
            "venture_claim",
            postgresql_where=text("venture_claim IS NOT NULL"),
        ),
        CheckConstraint("(since = 0) OR (object_type = 'subscription')", name="since"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    connection_id: Mapped[Id] = mapped_column(primary_key=True)
    object_type: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    second: Mapped[int]
    direct: Mapped[bool]
    event_id: Mapped[str]
    event_type: Mapped[str]
    previous: Mapped[dict[str, Any] | None]
    state: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    marks: Mapped[dict[str, Any]]
    rivals: Mapped[list[Any]]
    evidence: Mapped[list[Any]]
    group_key: Mapped[str | None]
    coupon_id: Mapped[str | None]
    account_claim: Mapped[UUID | None]
    venture_claim: Mapped[UUID | None]
    deleted_second: Mapped[int | None]
    mirrored_at: Mapped[Instant]
