"""How ventures did in a month."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.contracts.plans import MetricName
from shared.contracts.sync.comparison import PerformanceStatus
from shared.kernel.money import Amount, Percent


class ReviewedMetric(Part):
    """One kind of a month's review: the month's last comparison."""

    metric: MetricName
    actual: Amount | None = None
    target: Amount | None = None
    variance_pct: Percent | None = None
    status: PerformanceStatus


class ReviewCompleted(Event, type="review.completed", kind=Kind.FACT, key=("venture_id", "month"), sequence="revision"):
    """The monthly review of one venture: how it did in the month before.

    ``status`` is that of its MRR; LAGGING ones get their plan flagged. A review that is run again and
    finds other figures has a higher revision.
    """

    venture_id: UUID
    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-03"])
    revision: int = Field(default=1, ge=1)
    plan_id: UUID | None = None
    plan_version: int | None = None
    status: PerformanceStatus
    metrics: tuple[ReviewedMetric, ...] = ()
    reviewed_at: datetime
