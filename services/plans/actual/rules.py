"""How an actual stands against a number that somebody wants to reach."""

from decimal import Decimal

from shared.contracts.finance import LESS_IS_BETTER, MetricKind
from shared.contracts.plans import CustomMetricTarget, Direction
from shared.kernel.money import EXACT


def known_metrics(custom: tuple[CustomMetricTarget, ...]) -> dict[str, Direction]:
    """What may be measured in a venture, and which way it gets better: every kind, and the plan's own metrics."""
    of_all = {
        kind.value: Direction.LESS_IS_BETTER if kind in LESS_IS_BETTER else Direction.MORE_IS_BETTER
        for kind in MetricKind
    }
    return of_all | {metric.key: metric.direction for metric in custom}


def is_met(actual: Decimal, wanted: Decimal, direction: Direction) -> bool:
    """Whether an actual is as good as wanted; exactly the wanted number is."""
    return actual >= wanted if direction is Direction.MORE_IS_BETTER else actual <= wanted


def progress_pct(actual: Decimal, wanted: Decimal) -> Decimal | None:
    """Actual / wanted in percent, unrounded; None when 0 is wanted."""
    return None if wanted == 0 else EXACT.divide(actual * 100, wanted)
