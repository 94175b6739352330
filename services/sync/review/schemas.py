"""Response bodies of monthly reviews."""

from datetime import datetime
from uuid import UUID

from services.sync.review.models import MonthlyReview
from services.sync.review.rules import deviating
from shared.contracts.plans import MetricName
from shared.contracts.sync import PerformanceStatus, ReviewedMetric
from shared.platform.http.bodies import Answer


class ReviewOut(Answer):
    """How a venture did in a month: the month's last comparison of each kind.

    ``status`` is that of its MRR; ``deviating`` names the kinds that are more than 15 % off their target.
    """

    venture_id: UUID
    month: str
    revision: int
    plan_id: UUID | None
    plan_version: int | None
    status: PerformanceStatus
    metrics: list[ReviewedMetric]
    deviating: list[MetricName]
    reviewed_at: datetime

    @classmethod
    def of(cls, row: MonthlyReview) -> "ReviewOut":
        """From a stored review."""
        columns = {name: getattr(row, name) for name in cls.model_fields if name != "deviating"}
        return cls.model_validate(columns | {"deviating": deviating(row.metrics)})
