"""Custom metrics, as plans publishes them."""

from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from shared.platform.db.tables import Id, TableKind, table_args

DEFINES_ANY = "metrics <> '[]'"


class PlannedMetrics(FinanceTable):
    """The custom metrics that a plan defines at its newest known version: a list of {key, name, unit}."""

    __tablename__ = "planned_metrics"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        # serves: which custom metrics an organization has; most plans define none
        Index("ix_planned_metrics_defining", "organization_id", postgresql_where=text(DEFINES_ANY)),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    plan_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id]
    version: Mapped[int]
    metrics: Mapped[list[Any]]
