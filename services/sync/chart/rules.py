"""The chart of two projections as a Vega-Lite specification.

The same calm theme as the reports': the first projection is a solid blue line with points, the second an orange
dashed one, so that they differ in lightness and shape too and read without colour (Okabe and Ito's palette).
Amounts become floats here only, to be placed on a scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.contracts.sync import ProjectionMonth

FONT = "Lato"
INK, QUIET, GRID = "#1B2A41", "#5B6B7F", "#E3E8EE"
FIRST, SECOND = "#0072B2", "#D97700"
WIDTH, HEIGHT = 560, 240


class Measure(StrEnum):
    """What of a projection is drawn."""

    REVENUE = "revenue"
    COSTS = "costs"
    NET_BURN = "net_burn"
    CASH = "cash"
    RUNWAY = "runway_months"


_TITLES = {
    Measure.REVENUE: "Revenue a month",
    Measure.COSTS: "Costs a month",
    Measure.NET_BURN: "Net burn a month",
    Measure.CASH: "Cash at month end",
    Measure.RUNWAY: "Runway, months",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One projection of the chart."""

    name: str
    months: Sequence[ProjectionMonth]


def comparison_chart(one: Line, other: Line, measure: Measure, currency: str) -> dict[str, Any]:
    """The specification: both lines by month end, with a description for people who do not see it."""
    names = [one.name, other.name if other.name != one.name else f"{other.name} (second)"]
    values = [
        {"month": month.month_end.isoformat(), "projection": name, "amount": float(figure)}
        for name, line in zip(names, (one, other), strict=True)
        for month in line.months
        if (figure := getattr(month, measure.value)) is not None
    ]
    title = _TITLES[measure] if measure is Measure.RUNWAY else f"{_TITLES[measure]}, {currency}"
    x = {"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "title": None, "axis": {"format": "%b %y"}}
    y = {"field": "amount", "type": "quantitative", "title": title, "axis": {"format": "~s", "tickCount": 5}}
    scale = {"domain": names}
    color = {"field": "projection", "type": "nominal", "scale": {**scale, "range": [FIRST, SECOND]}}
    dash = {"field": "projection", "type": "nominal", "scale": {**scale, "range": [[1, 0], [5, 4]]}}
    shape = {"field": "projection", "type": "nominal", "scale": {**scale, "range": ["circle", "diamond"]}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": f"{_TITLES[measure]} by month: {names[0]} and {names[1]}",
        "width": WIDTH,
        "height": HEIGHT,
        "data": {"values": values},
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2.2}, "encoding": {"color": color, "strokeDash": dash}},
            {
                "mark": {"type": "point", "filled": True, "size": 36, "opacity": 1},
                "encoding": {"color": color, "shape": shape},
            },
        ],
        "config": _config(),
    }


def _config() -> dict[str, Any]:
    axis = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 10, "titleFontSize": 10}
    return {
        "font": FONT,
        "background": "white",
        "view": {"stroke": None},
        "axis": {**axis, "titleFontWeight": "normal", "gridColor": GRID, "domainColor": GRID, "tickColor": GRID},
        "axisX": {"grid": False, "labelAngle": 0},
        "axisY": {"domain": False, "ticks": False, "titlePadding": 8},
        "legend": {"labelColor": INK, "labelFontSize": 11, "orient": "top", "title": None, "symbolSize": 160},
    }
