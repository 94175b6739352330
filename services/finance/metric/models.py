"""Metrics: dated actuals of ventures."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.finance.base import FinanceTable
from shared.contracts.finance import MetricSource
from shared.contracts.plans import METRIC_NAME
from shared.platform.db.tables import Figure, Id, Instant, TableKind, table_args

_SOURCES = ", ".join(repr(source.value) for source in MetricSource)


class Metric(FinanceTable):
    """An actual of a venture on a local day, by one source; it is never deleted, only withdrawn.

    ``metric`` is a ``MetricKind`` or the key of a custom metric, whose ``unit`` is what it was when it was recorded.
    ``revision`` rises when the content changes. A calculated one is open to its parts: the spans in
    force on its day (``subscription_spans``) and, through them, the provider's events. ``carried_from``: nothing
    happened on its day, and it was carried forward from that one when the day ended.
    """

    __tablename__ = "metrics"
    __table_args__ = table_args(
        TableKind.OWNED,
        # the list of a venture's metrics, newest day first
        Index("ix_metrics_observed", "organization_id", "venture_id", "observed_on", "metric", "source"),
        CheckConstraint(f"metric ~ '{METRIC_NAME}'", name="metric"),
        CheckConstraint(f"source IN ({_SOURCES})", name="source"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("source <> 'override' OR note IS NOT NULL", name="reason"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    observed_on: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    value: Mapped[Figure]
    currency: Mapped[str | None]
    unit: Mapped[str | None]
    unconverted: Mapped[dict[str, Any]]
    policy_version: Mapped[int | None]
    note: Mapped[str | None]
    withdrawn: Mapped[bool]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[UUID | None]
    carried_from: Mapped[date | None]


class DueDay(FinanceTable):
    """A future local day on which a venture's figures change by themselves; a queue, worked off when it comes."""

    __tablename__ = "due_days"
    __table_args__ = table_args(
        TableKind.OWNED,
        # what is due, by organization
        Index("ix_due_days_day", "organization_id", "day"),
        deletable=True,
        unaudited="a queue",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
