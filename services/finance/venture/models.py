"""Ventures, as plans publishes them."""

from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class VentureView(FinanceTable):
    """One business of the organization, at its newest known version."""

    __tablename__ = "ventures"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    archived_at: Mapped[Instant | None]
