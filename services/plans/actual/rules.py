"""How an actual stands against a number that somebody wants to reach."""

from decimal import Decimal

from shared.contracts.finance import MetricKind, direction_of
from shared.contracts.plans import CustomMetricTarget, Direction
from shared.kernel.money import EXACT


def known_metrics(custom: tuple[CustomMetricTarget, ...]) -> dict[str, Direction]:
    """What may be measured in a venture, and which way it gets better: every kind, and the plan's own metrics."""
    return {kind.value: direction_of(kind) for kind in MetricKind} | {metric.key: metric.direction for metric in custom}


def is_met(actual: Decimal, wanted: Decimal, direction: Direction) -> bool:
    """Whether an actual is as good as wanted; exactly the wanted number is."""
    return actual >= wanted if direction is Direction.MORE_IS_BETTER else actual <= wanted


def progress_pct(actual: Decimal, wanted: Decimal) -> Decimal | None:
    """Actual / wanted in percent, unrounded; None when 0 is wanted."""
    return None if wanted == 0 else EXACT.divide(actual * 100, wanted)
