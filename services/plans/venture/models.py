"""Ventures."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable, one_of
from shared.contracts.plans import MarketType, VentureStage
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class Venture(PlansTable):
    """One business of the organization. ``name_key`` is what two equal names have in common."""

    __tablename__ = "ventures"
    __table_args__ = table_args(
        TableKind.OWNED,
        Index(
            "uq_ventures_name",
            "organization_id",
            "name_key",
            unique=True,
            postgresql_where=text("archived_at IS NULL"),
        ),
        # the list of ventures, newest first
        Index("ix_ventures_created", "organization_id", "created_at", "id"),
        CheckConstraint(one_of("stage", VentureStage), name="stage"),
        CheckConstraint(one_of("market_type", MarketType), name="market_type"),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    description: Mapped[str]
    stage: Mapped[str]
    market_type: Mapped[str | None]
    currency: Mapped[str]
    is_cash_holding: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    updated_at: Mapped[Instant]
    archived_at: Mapped[Instant | None]
