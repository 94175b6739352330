"""Matching webhooks with comparisons, and percentiles."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.kernel.ids import new_id
from trueup.bench.flushes import PUBLISHED, published
from trueup.bench.loop import UNIT, match
from trueup.bench.percentiles import p50_p99, percentile
from trueup.bench.rebuild import history, told

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


def test_publishes_are_read_from_a_services_metrics() -> None:
    page = (
        f"# HELP {PUBLISHED} Publishes\n# TYPE {PUBLISHED} counter\n{PUBLISHED} 1204.0\n{PUBLISHED}_created 1.7e+09\n"
    )
    assert published(page) == 1204
    assert published("") == 0


def test_a_years_history_repeats_no_revision() -> None:
    organization = new_id()
    events = list(history(organization, 100_000))
    revisions = {(*event.natural_key, event.revision) for event in events}
    keys = len({event.natural_key for event in events})
    assert len(events) == len(revisions) == 100_000
    assert {event.revision for event in events} == set(range(1, -(-100_000 // keys) + 1)), "no more turns than it takes"
    assert told(events[0]).subject == f"metric.created.{organization}"
