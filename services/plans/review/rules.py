"""What a monthly review does to the needs_review flag."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contracts.finance import MetricKind
from shared.contracts.sync import PerformanceStatus, ReviewCompleted
from shared.kernel.money import quantize


class Decision(StrEnum):
    """What becomes of the flag."""

    RAISE = "raise"
    CLEAR = "clear"
    KEEP = "keep"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class FlagState:
    """The flag as it is, the last review seen (``month``, ``revision``), when people last touched the plan."""

    raised: bool
    month: str
    revision: int
    touched_at: datetime


def after_review(state: FlagState, review: ReviewCompleted) -> Decision:
    """What a review decides; the order and repetition of reviews make no difference.

    Only the newest month counts, in its highest revision. A plan that people touched after the review was
    made is not flagged by it. A corrected review that finds no lag takes back what the first one raised.
    """
    if (review.month, review.revision) <= (state.month, state.revision):
        return Decision.IGNORE
    if review.status is PerformanceStatus.LAGGING:
        return Decision.KEEP if state.touched_at > review.reviewed_at else Decision.RAISE
    return Decision.CLEAR if state.raised and review.month == state.month else Decision.KEEP


def reason_of(review: ReviewCompleted) -> str:
    """Why the plan needs a review, as a sentence."""
    variance = next((one.variance_pct for one in review.metrics if one.metric == MetricKind.MRR.value), None)
    if variance is None:
        return f"LAGGING in the review of {review.month}"
    return f"MRR was {abs(quantize(variance, 1)):f} % below the plan in {review.month}"
