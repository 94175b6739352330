"""TARGET_AT_RISK: where the robust trend of the last months leads (04-sync, "Alerts").

The method, stated: Theil-Sen. The values are MRR at the last six month ends and the newest one of the open
month; at least three, of at least two months' span. When all are above 0 their logarithms are taken (steady growth is a
straight line), else their levels. The slope is the median of the slopes between all pairs at least half a month
apart, the line goes through the median of what remains; up to 29 % of the values may be anything without moving it. The
interval follows from the slopes at both ends of Kendall's 90 % confidence interval (Sen 1968), the line turned
around the middle of the values.

P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import combinations

from services.sync.alert.rules.finding import FINANCIALS, Finding, Outlook, money_text, percent_text
from services.sync.alert.rules.limits import DEFAULT_LIMITS, Limits
from services.sync.plan_version.rules import month_index
from services.sync.quantities import stored_figure
from services.sync.variance.rules import variance_pct
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertType, Severity
from shared.kernel.periods import month_end

TREND_MONTHS = 6
LEAST_VALUES = 3
LEAST_SPAN = Decimal(2)
LEAST_DISTANCE = Decimal("0.5")
CONFIDENCE = Decimal("1.6449")
"""The normal quantile of a two-sided 90 % interval."""

_ROUGH = Context(prec=16, rounding=ROUND_HALF_EVEN)
"""An estimate needs no 50 digits; at 16 the arithmetic is ten times faster."""
_FARTHEST = Decimal(200)
"""Where e to the power of a forecast stops: beyond every column."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through values by month: at position x (months) it is ``level + slope * x``, of logs if ``logs``.

    ``slope_low`` and ``slope_high`` are the ends of the slope's 90 % interval; the line turns around ``middle``.
    """

    logs: bool
    level: Decimal
    slope: Decimal
    slope_low: Decimal
    slope_high: Decimal
    middle: Decimal

    def at(self, day: date) -> tuple[Decimal, Decimal, Decimal]:
        """The value that the trend reaches on a day, and the ends of its interval."""
        x = month_position(day)
        base = _ROUGH.add(self.level, _ROUGH.multiply(self.slope, self.middle))
        away = _ROUGH.subtract(x, self.middle)
        ends = sorted(_ROUGH.add(base, _ROUGH.multiply(slope, away)) for slope in (self.slope_low, self.slope_high))
        value = _ROUGH.add(base, _ROUGH.multiply(self.slope, away))
        return self._said(value), self._said(ends[0]), self._said(ends[1])

    def _said(self, value: Decimal) -> Decimal:
        return _ROUGH.exp(max(min(value, _FARTHEST), -_FARTHEST)) if self.logs else value

    @property
    def growth(self) -> Decimal | None:
        """Monthly growth as a fraction, of a trend of logs."""
        return stored_figure(_ROUGH.subtract(self._said(self.slope), Decimal(1))) if self.logs else None


def month_position(day: date) -> Decimal:
    """Months since year 0, with the part of the month that has passed at the day's end: month ends are whole."""
    return _ROUGH.add(Decimal(month_index(day)), _ROUGH.divide(Decimal(day.day), Decimal(month_end(day).day)))


def robust_trend(values: Sequence[tuple[date, Decimal]]) -> Trend | None:
    """The Theil-Sen line through dated values (oldest first); null when they are too few or too close."""
    if len(values) < LEAST_VALUES:
        return None
    xs = [month_position(day) for day, _value in values]
    if _ROUGH.subtract(xs[-1], xs[0]) < LEAST_SPAN:
        return None
    logs = all(value > 0 for _day, value in values)
    ys = [_ROUGH.ln(value) if logs else value for _day, value in values]
    slopes = sorted(
        _ROUGH.divide(_ROUGH.subtract(later[1], earlier[1]), distance)
        for earlier, later in combinations(zip(xs, ys, strict=True), 2)
        if (distance := _ROUGH.subtract(later[0], earlier[0])) >= LEAST_DISTANCE
    )
    slope = _median(slopes)
    low, high = _interval(slopes, len(values))
    level = _median(sorted(_ROUGH.subtract(y, _ROUGH.multiply(slope, x)) for x, y in zip(xs, ys, strict=True)))
    return Trend(logs, level, slope, low, high, _median(xs))


def _median(ordered: Sequence[Decimal]) -> Decimal:
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return _ROUGH.divide(_ROUGH.add(ordered[half - 1], ordered[half]), Decimal(2))


def _interval(slopes: Sequence[Decimal], count: int) -> tuple[Decimal, Decimal]:
    """The ranks (N - C) / 2 and (N + C) / 2 of N slopes, C = 1.645 sqrt(n (n-1) (2n+5) / 18); all of few."""
    spread = CONFIDENCE * _ROUGH.sqrt(Decimal(count * (count - 1) * (2 * count + 5)) / 18)
    first = max(int((len(slopes) - spread) / 2), 0)
    return slopes[first], slopes[len(slopes) - 1 - first]


@dataclass(frozen=True, slots=True)
class Destination:
    """What a plan version promises in the end, and what has been observed on the way (oldest first)."""

    final: Decimal
    target_on: date
    plan_version: int
    currency: str
    values: Sequence[tuple[date, Decimal]]


def find_target_at_risk(way: Destination, limits: Limits = DEFAULT_LIMITS) -> Finding | None:
    """TARGET_AT_RISK: the trend misses the target at its date by more than 15 %; nothing once that has come."""
    limit = limits[AlertType.TARGET_AT_RISK]
    if not limit.enabled or not way.values or way.values[-1][0] >= way.target_on:
        return None
    trend = robust_trend(way.values)
    if trend is None:
        return None
    value, low, high = trend.at(way.target_on)
    missed = variance_pct(value, way.final)
    if missed is None or -missed <= limit.warning:
        return None
    outlook = Outlook(way.target_on, stored_figure(value), stored_figure(low), stored_figure(high), trend.growth)
    return Finding(
        AlertType.TARGET_AT_RISK,
        Severity.WARNING,
        "The MRR target is at risk",
        _said(way, outlook, missed),
        "Decide now what would change the course, or bring target and date into line with it.",
        FINANCIALS,
        MetricKind.MRR,
        way.values[-1][0],
        stored_figure(missed),
        way.plan_version,
        outlook,
    )


def _said(way: Destination, outlook: Outlook, missed: Decimal) -> str:
    """E.g. "At the trend of the last months (+3.1 % a month) MRR will be MYR 61,200.00 on 2026-12-31 ...."."""
    pace = ""
    if outlook.growth is not None:
        sign = "-" if outlook.growth < 0 else "+"
        pace = f" ({sign}{percent_text(outlook.growth * 100)} a month)"
    interval = f"{money_text(outlook.low, way.currency)} to {money_text(outlook.high, way.currency)}"
    return (
        f"At the trend of the last months{pace} MRR will be {money_text(outlook.value, way.currency)} on {outlook.on} "
        f"(90 % interval: {interval}), {percent_text(missed)} below the target of "
        f"{money_text(way.final, way.currency)} (plan v{way.plan_version})."
    )
