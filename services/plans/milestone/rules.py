"""When an actual reaches a milestone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.plans.actual.rules import is_met
from shared.contracts.plans import Direction


@dataclass(frozen=True, slots=True)
class Actual:
    """An actual of the milestone's metric, dated a local day."""

    observed_on: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Wanted:
    """What reaches a milestone: an actual as good as the threshold, dated ``counts_from`` or later."""

    threshold: Decimal
    direction: Direction
    counts_from: date


def reached_by(wanted: Wanted, actuals: Iterable[Actual]) -> Actual | None:
    """The first-dated actual that reaches it, whatever order they came in; of one day's the best."""
    enough = [
        actual
        for actual in actuals
        if actual.observed_on >= wanted.counts_from and is_met(actual.value, wanted.threshold, wanted.direction)
    ]
    sign = 1 if wanted.direction is Direction.LESS_IS_BETTER else -1
    return min(enough, key=lambda actual: (actual.observed_on, sign * actual.value), default=None)


def allowed_actions(*, reached: bool, archived: bool) -> list[str]:
    """What can be done with a milestone as it is; reached is for good."""
    if archived:
        return ["unarchive"]
    return ["update", "archive"] if reached else ["update", "reach", "archive"]
