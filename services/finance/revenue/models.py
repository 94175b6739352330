"""Recurring revenue of ventures, day by day."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from shared.platform.db.tables import Figure, Id, TableKind, table_args


class RevenueDayRow(FinanceTable):
    """A local day that a venture ends with other figures than the day before; some lie in the future.

    ``mrr`` is in the organization's base currency; ``unconverted`` holds MRR in other currencies.
    """

    __tablename__ = "revenue_days"
    __table_args__ = table_args(TableKind.DERIVED, CheckConstraint("customers >= 0", name="customers"))

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    mrr: Mapped[Figure]
    unconverted: Mapped[dict[str, Any]]
    customers: Mapped[int]
