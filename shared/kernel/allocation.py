"""Splitting a whole into parts that always add up to it."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, pairwise

from shared.kernel.money import EXACT, quantize


def allocate(amount: Decimal, weights: Sequence[Decimal], places: int) -> list[Decimal]:
    """Split ``amount`` by non-negative ``weights``, cumulatively rounded half-even to ``places``.

    Part i is ``round(amount x W_i / W) - round(amount x W_{i-1} / W)`` with W_i the running sum,
    so the parts always equal ``amount`` (which must itself have at most ``places`` decimals).
    """
    total = sum(weights, Decimal(0))
    if not weights or total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights are non-negative and not all zero")
    if quantize(amount, places) != amount:
        raise ValueError(f"the amount has more than {places} decimals")
    running = accumulate(weights, initial=Decimal(0))
    edges = [quantize(EXACT.divide(EXACT.multiply(amount, part), total), places) for part in running]
    return [after - before for before, after in pairwise(edges)]
