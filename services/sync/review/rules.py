"""What a monthly review says of a venture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.finance import MetricKind
from shared.contracts.sync import PerformanceStatus
from shared.kernel.periods import month_end, month_start

DEVIATION_PCT = Decimal(15)


@dataclass(frozen=True, slots=True)
class LastComparison:
    """The last comparison of a kind within a month."""

    metric: str
    actual: Decimal
    target: Decimal | None
    variance_pct: Decimal | None
    status: PerformanceStatus
    plan_id: UUID | None
    plan_version: int | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The content of a review: equal ones need no new revision."""

    status: PerformanceStatus
    plan_id: UUID | None
    plan_version: int | None
    metrics: tuple[dict[str, Any], ...] = field(default=())


def reviewed_month(slot: date) -> tuple[date, date]:
    """The first and last day of the month before a slot."""
    last = month_start(slot) - timedelta(days=1)
    return month_start(last), month_end(last)


def review(comparisons: Sequence[LastComparison]) -> Reviewed:
    """A venture's month: its status is that of its MRR (NO_DATA without one), its plan version MRR's or the newest."""
    mrr = next((one for one in comparisons if one.metric == MetricKind.MRR), None)
    planned = [one for one in comparisons if one.plan_version is not None]
    by = mrr if mrr and mrr.plan_version else max(planned, key=lambda one: one.plan_version or 0, default=None)
    return Reviewed(
        mrr.status if mrr else PerformanceStatus.NO_DATA,
        by.plan_id if by else None,
        by.plan_version if by else None,
        tuple(_said(one) for one in sorted(comparisons, key=lambda one: _place(one.metric))),
    )


def _place(metric: str) -> tuple[int, str]:
    """Kinds in their order, then custom metrics in that of their keys."""
    kinds: list[str] = list(MetricKind)
    return kinds.index(metric) if metric in kinds else len(kinds), metric


def _said(one: LastComparison) -> dict[str, Any]:
    return {
        "metric": str(one.metric),
        "actual": f"{one.actual:f}",
        "target": None if one.target is None else f"{one.target:f}",
        "variance_pct": None if one.variance_pct is None else f"{one.variance_pct:f}",
        "status": one.status.value,
    }


def deviating(metrics: Sequence[dict[str, Any]]) -> list[str]:
    """The kinds of a review that are more than 15 % off their target, in either direction."""
    found = ((one["metric"], one["variance_pct"]) for one in metrics)
    return [metric for metric, variance in found if variance is not None and abs(Decimal(variance)) > DEVIATION_PCT]
