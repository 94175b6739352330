"""Percentile bands of a projection: Monte Carlo over the venture's own growth volatility (04-sync, "Projections").

Each path follows the projection and adds chance: revenue of month k is the projection's times
exp(v x (z1 + ... + zk)), v the volatility and z independent standard normal draws, so that the median
follows the projection. Costs stay those of the projection. What is simulated are multiples of one unit of money
(floats: they are estimates, not amounts); amounts are made of them at the end, as decimals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import stdev
from typing import TYPE_CHECKING, Any

from services.sync.quantities import stored_figure
from shared.contracts.sync import ProjectionMonth
from shared.kernel.money import EXACT, quantize

if TYPE_CHECKING:
    import numpy as np

PERCENTILES = (5, 25, 50, 75, 95)
LEAST_GROWTHS = 3
"""Fewer monthly growth rates say nothing of how much they vary."""


@dataclass(frozen=True, slots=True)
class BandMonth:
    """The percentiles of one month, in the order of ``PERCENTILES``; runway is null where nothing is burned."""

    month_end: date
    revenue: tuple[Decimal, ...]
    runway_months: tuple[Decimal | None, ...] | None
    solvent_share: Decimal | None
    """The fraction of paths that have not run out of cash by then; null without cash."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Percentile bands, and what they were drawn with."""

    volatility: Decimal
    paths: int
    seed: int
    months: tuple[BandMonth, ...]


def growth_volatility(monthly: Sequence[Decimal]) -> Decimal | None:
    """Standard deviation of monthly log growth; null with fewer than three growths between values above 0."""
    logs = [EXACT.ln(EXACT.divide(later, earlier)) for earlier, later in pairwise(monthly) if earlier > 0 and later > 0]
    if len(logs) < LEAST_GROWTHS:
        return None
    return quantize(stdev(logs), 6)


def percentile_bands(
    months: Sequence[ProjectionMonth], start_cash: Decimal | None, volatility: Decimal, *, paths: int, seed: int
) -> Bands:
    """Percentiles of revenue and runway of every month. The same seed gives the same bands.

    Runway of a path is its cash over its net burn: 0 from the month in which its cash is gone, and
    without end (above every number) where nothing is burned.
    """
    import numpy as np  # noqa: PLC0415 - 0.1 s and 30 MB that only bands need

    largest = max((abs(figure) for month in months for figure in (month.revenue, month.costs)), default=Decimal(0))
    unit = largest or Decimal(1)
    draws = np.random.default_rng(seed).standard_normal((len(months), paths), dtype=np.float32)
    chance = np.exp(np.cumsum(draws, axis=0, dtype=np.float64) * float(volatility))
    moved = _ratios([month.revenue for month in months], unit) * chance
    runways, alive = None, None
    if start_cash is not None:
        burn = _ratios([month.costs for month in months], unit) - moved
        inflow = _ratios(_inflows(months, start_cash), unit)
        cash = float(EXACT.divide(start_cash, unit)) + np.cumsum(inflow - burn, axis=0)
        gone = np.logical_or.accumulate(cash <= 0, axis=0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            runway = np.where(gone, 0.0, np.where(burn > 0, cash / burn, np.inf))
        runways, alive = _ranked(runway), 1.0 - gone.mean(axis=1)
    by_month = _ranked(moved)
    rows = tuple(
        BandMonth(
            month.month_end,
            tuple(stored_figure(_amount(value, unit)) for value in by_month[place]),
            None if runways is None else tuple(_months_or_none(value) for value in runways[place]),
            None if alive is None else quantize(Decimal(repr(float(alive[place]))), 4),
        )
        for place, month in enumerate(months)
    )
    return Bands(volatility, paths, seed, rows)


def _ratios(amounts: Sequence[Decimal], unit: Decimal) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Amounts as multiples of the unit, one row each."""
    import numpy as np  # noqa: PLC0415 - as above

    return np.array([[float(EXACT.divide(amount, unit))] for amount in amounts], dtype=np.float64)


def _inflows(months: Sequence[ProjectionMonth], start_cash: Decimal) -> list[Decimal]:
    """Cash that came neither from revenue nor costs: what the projection's cash has beyond its burn."""
    before, found = start_cash, []
    for month in months:
        assert month.cash is not None, "a projection with cash at its start has it in every month"
        found.append(EXACT.add(EXACT.subtract(month.cash, before), month.net_burn))
        before = month.cash
    return found


def _ranked(values: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """One column per percentile: the value of the path at that rank (nothing is interpolated: endless stays so)."""
    import numpy as np  # noqa: PLC0415 - as above

    ranks = [max(0, -(-percent * values.shape[1] // 100) - 1) for percent in PERCENTILES]
    return np.partition(values, ranks, axis=1)[:, ranks]


def _amount(ratio: float, unit: Decimal) -> Decimal:
    return EXACT.multiply(Decimal(repr(float(ratio))), unit)


def _months_or_none(runway: float) -> Decimal | None:
    """Null where nothing is burned."""
    value = Decimal(repr(float(runway)))
    return stored_figure(value) if value.is_finite() else None
