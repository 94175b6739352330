"""Matching webhooks with comparisons, and percentiles."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trueup.bench.loop import UNIT, match
from trueup.bench.percentiles import p50_p99, percentile

AT = datetime(2026, 3, 1, tzinfo=UTC)


def ms(value: int) -> datetime:
    return AT + timedelta(milliseconds=value)


def test_nearest_rank() -> None:
    assert [percentile([3, 1, 2], share) for share in (0.01, 0.5, 0.67, 1)] == [1, 2, 3, 3]
    assert p50_p99([float(value) for value in range(1, 101)]) == {"p50": 50, "p99": 99}
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_comparison_counts_for_every_webhook_that_it_contains() -> None:
    level = Decimal(100)
    compared = [(level, ms(0)), (level + UNIT, ms(30)), (level + 3 * UNIT, ms(70)), (level, ms(90))]
    measured = match([ms(20), ms(40), ms(60), ms(80)], compared, level)
    assert measured.milliseconds == [10, 30, 10]
    assert measured.missing == 1
