"""Metric policies."""

from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class MetricPolicyVersion(FinanceTable):
    """One version of an organization's metric policy; the newest holds. Without any: the defaults."""

    __tablename__ = "metric_policies"
    __table_args__ = table_args(TableKind.OWNED, CheckConstraint("version >= 1", name="version"))

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[Instant]
