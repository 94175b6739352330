"""Percentiles of measured times."""

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``share`` of all do not exceed.

    Raises ``ValueError`` when nothing was measured.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def p50_p99(values: Sequence[float]) -> dict[str, float]:
    """The median and the 99th percentile, rounded to a tenth."""
    return {"p50": round(percentile(values, 0.5), 1), "p99": round(percentile(values, 0.99), 1)}
