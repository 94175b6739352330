from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.plans.actual.rules import is_met, known_metrics, progress_pct
from services.plans.milestone.rules import Actual, Wanted, allowed_actions, reached_by
from shared.contracts.finance import MetricKind
from shared.contracts.plans import CustomMetricTarget, Direction

MORE, LESS = Direction.MORE_IS_BETTER, Direction.LESS_IS_BETTER


def actual(day: int, value: int | str) -> Actual:
    return Actual(date(2026, 3, day), Decimal(value))


@pytest.mark.parametrize(
    ("direction", "values", "day"),
    [
        (MORE, [(5, 99), (6, 100), (7, 120)], 6),
        (MORE, [(5, "99.999999")], None),
        (MORE, [(4, 500), (5, 99)], None),
        (MORE, [(4, 500), (5, 100)], 5),
        (MORE, [(7, 120), (6, 100), (8, 50)], 6),
        (LESS, [(5, 101), (6, 100)], 6),
        (LESS, [(5, "100.000001")], None),
        (MORE, [], None),
    ],
)
def test_the_first_dated_actual_that_is_enough(
    direction: Direction, values: list[tuple[int, int | str]], day: int | None
) -> None:
    found = reached_by(Wanted(Decimal(100), direction, date(2026, 3, 5)), [actual(*value) for value in values])
    assert (found.observed_on.day if found else None) == day


@given(st.lists(st.tuples(st.integers(1, 28), st.integers(0, 200)), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(values: list[tuple[int, int]], chance: st.DataObject) -> None:
    wanted = Wanted(Decimal(100), MORE, date(2026, 3, 5))
    actuals = [actual(*value) for value in values]
    shuffled = list(actuals)
    chance.shuffle(shuffled)
    assert reached_by(wanted, actuals) == reached_by(wanted, shuffled)


def test_burn_cac_and_payback_get_better_downwards_and_custom_metrics_as_they_say() -> None:
    known = known_metrics((CustomMetricTarget(key="churn", name="Churn", direction=LESS),))
    assert {name for name, direction in known.items() if direction is LESS} == {
        "burn_rate",
        "gross_burn",
        "cac",
        "payback_months",
        "churn",
    }
    assert set(MetricKind) <= known.keys()


def test_progress_is_the_share_in_percent() -> None:
    assert progress_pct(Decimal(12_000), Decimal(100_000)) == 12
    assert progress_pct(Decimal(5), Decimal(0)) is None
    assert is_met(Decimal(0), Decimal(0), LESS)


def test_what_can_be_done() -> None:
    assert allowed_actions(reached=False, archived=False) == ["update", "reach", "archive"]
    assert "reach" not in allowed_actions(reached=True, archived=False)
    assert allowed_actions(reached=True, archived=True) == ["unarchive"]
