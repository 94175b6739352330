"""How right alerts are, and how fast percentile bands are drawn. Neither needs an engine."""

from datetime import date
from decimal import Decimal
from time import perf_counter

from services.sync.projection.rules import Assumption, Assumptions, forecast
from services.sync.scenario.rules.bands import percentile_bands
from services.sync.variance.rules import PathTarget
from trueup.bench.alert_histories import MONTHS, judged, judged_trends
from trueup.bench.frame import Bench, at_least, at_most, beside

VENTURES = 420
"""10 080 venture-months."""
TREND_VENTURES = 1_000
SEED = 1
PATHS, PROJECTED_MONTHS = 10_000, 36
TRIES = 5


async def measure_alerts(bench: Bench) -> None:
    """Precision and recall over generated histories with known deviations."""
    result = judged(VENTURES, SEED)
    bench.add(beside("alerts: venture-months judged", VENTURES * MONTHS, "months"))
    bench.add(at_least("alerts: precision", result.deviations.precision_pct, "%", 95))
    bench.add(at_least("alerts: recall", result.deviations.recall_pct, "%", 95))
    bench.add(at_most("alerts: duplicates", result.duplicates, "alerts", 0))
    bench.add(at_most("alerts: still open after the return", result.left_open, "alerts", 0))
    trends = judged_trends(TREND_VENTURES, SEED)
    bench.add(at_least("target at risk: precision", trends.precision_pct, "%", 95))
    bench.add(at_least("target at risk: recall", trends.recall_pct, "%", 95))


async def measure_bands(bench: Bench) -> None:
    """Percentile bands of 10 000 paths over 36 months: the median of some tries, the first being the import's."""
    way = PathTarget(Decimal(12_000), date(2026, 1, 31), Decimal(100_000), date(2029, 1, 31))
    assumed = Assumptions(*[Assumption(Decimal(one), "plan") for one in ("30000", "0.5", "0.01")])
    projected = forecast(way, Decimal(1_500_000), assumed)
    assert projected is not None
    taken = []
    for seed in range(TRIES + 1):
        begin = perf_counter()
        percentile_bands(projected.months, projected.start_cash, Decimal("0.08"), paths=PATHS, seed=seed)
        taken.append(1000 * (perf_counter() - begin))
    assert len(projected.months) == PROJECTED_MONTHS
    bench.add(at_most("bands of 10 000 paths x 36 months", sorted(taken[1:])[TRIES // 2], "ms", 200))
