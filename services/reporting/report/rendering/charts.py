"""Charts as SVG, drawn from a document's figures.

One calm theme: actuals are a solid blue line with points, promises an orange dashed one, so that they differ in
lightness and in shape too and read without colour (Okabe and Ito's palette). Amounts become floats here only,
to be placed on a scale; every number that is read as text comes from the document.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import font_lato
import vl_convert

from services.reporting.report.document import Figure, MonthRow, MrrPoint, VentureChapter
from shared.kernel.periods import month_end

FONT = "Lato"
INK, QUIET, GRID = "#1B2A41", "#5B6B7F", "#E3E8EE"
ACTUAL, TARGET = "#0072B2", "#D97700"
_WIDTH = 500
_SERIES = ["Actual", "Target"]


def font_directory() -> str:
    """The folder of the Lato font files, installed as a package: no font of the machine is used."""
    return str(Path(font_lato.__file__).parent / "files")


@cache
def _register_fonts() -> None:
    vl_convert.register_font_directory(font_directory())


def _config() -> dict[str, Any]:
    axis = {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "labelFontSize": 10,
        "titleFontSize": 10,
        "titleFontWeight": "normal",
    }
    return {
        "font": FONT,
        "background": "white",
        "view": {"stroke": None},
        "axis": {**axis, "gridColor": GRID, "domainColor": GRID, "tickColor": GRID},
        "axisX": {"grid": False, "labelAngle": 0},
        "axisY": {"domain": False, "ticks": False, "titlePadding": 8},
        "legend": {"labelColor": INK, "labelFontSize": 11, "orient": "top", "title": None, "symbolSize": 160},
    }


def _number(figure: Figure) -> float | None:
    return None if figure.value is None else float(figure.value)


def _month(day: date) -> str:
    return f"{day:%b %y}" if day == month_end(day) else f"{day.day} {day:%b}"


def _svg(chart: Any) -> str:
    _register_fonts()
    text: str = vl_convert.vegalite_to_svg(chart.to_dict(), config=_config())
    return text


def _line_layers(points: list[dict[str, Any]], months: list[str], currency: str) -> Any:
    x = alt.X("month:O", sort=months, title=None, scale=alt.Scale(domain=months), axis=alt.Axis(labelOverlap=True))
    y = alt.Y("amount:Q", title=f"MRR, {currency}", axis=alt.Axis(format="~s", tickCount=5))
    series = alt.Scale(domain=_SERIES, range=[ACTUAL, TARGET])
    dashes = alt.Scale(domain=_SERIES, range=[[1, 0], [5, 4]])
    shapes = alt.Scale(domain=_SERIES, range=["circle", "diamond"])
    base = alt.Chart({"values": points}).encode(x=x, y=y)
    lines = base.mark_line(strokeWidth=2.2).encode(
        color=alt.Color("series:N", scale=series), strokeDash=alt.StrokeDash("series:N", scale=dashes)
    )
    marks = base.mark_point(filled=True, size=42, opacity=1).encode(
        color=alt.Color("series:N", scale=series), shape=alt.Shape("series:N", scale=shapes)
    )
    return lines + marks


def venture_chart(name: str, rows: Sequence[MonthRow], currency: str) -> str | None:
    """Twelve months of MRR against the promised path; null when there is nothing to draw."""
    points = [
        {"month": _month(row.day), "amount": amount, "series": series}
        for row in rows
        for series, amount in zip(_SERIES, (_number(row.mrr), _number(row.target)), strict=True)
        if amount is not None
    ]
    if not points:
        return None
    months = [_month(row.day) for row in rows]
    return _svg(
        _line_layers(points, months, currency).properties(
            width=_WIDTH, height=150, description=f"MRR of {name} by month: actual and target"
        )
    )


def portfolio_chart(series: Sequence[MrrPoint], currency: str) -> str | None:
    """The portfolio's MRR by month; null when there is nothing to draw."""
    points = [{"month": _month(point.day), "amount": _number(point.mrr)} for point in series]
    if not any(point["amount"] is not None for point in points):
        return None
    months = [str(point["month"]) for point in points]
    base = alt.Chart({"values": points}).encode(
        x=alt.X("month:O", sort=months, title=None, scale=alt.Scale(domain=months), axis=alt.Axis(labelOverlap=True)),
        y=alt.Y("amount:Q", title=f"MRR, {currency}", axis=alt.Axis(format="~s", tickCount=5)),
    )
    layers = (
        base.mark_area(color=ACTUAL, opacity=0.12)
        + base.mark_line(color=ACTUAL, strokeWidth=2.2)
        + base.mark_point(color=ACTUAL, filled=True, size=42, opacity=1)
    )
    return _svg(layers.properties(width=_WIDTH, height=170, description="Portfolio MRR by month"))


def standing_chart(chapters: Sequence[VentureChapter], currency: str) -> str | None:
    """Each venture's MRR as a bar and its pro-rated target as a mark; null when there is nothing to draw."""
    known = [one for one in chapters if one.performance.mrr.value or one.performance.target.value]
    if not known:
        return None
    rows = [
        {"venture": one.name, "actual": _number(one.performance.mrr), "target": _number(one.performance.target)}
        for one in known
    ]
    names = [one.name for one in sorted(known, key=lambda one: -(_number(one.performance.mrr) or 0.0))]
    y = alt.Y("venture:N", sort=names, title=None, axis=alt.Axis(labelLimit=150, labelColor=INK, labelFontSize=11))
    x_axis = alt.Axis(format="~s", grid=True, tickCount=6)
    base = alt.Chart({"values": rows}).encode(y=y)
    bars = base.mark_bar(height=11).encode(
        x=alt.X("actual:Q", title=f"MRR, {currency}", axis=x_axis), color=alt.value(ACTUAL)
    )
    ticks = base.mark_tick(thickness=3, height=19).encode(x=alt.X("target:Q", axis=x_axis), color=alt.value(TARGET))
    return _svg(
        (bars + ticks).properties(
            width=_WIDTH - 110, height=alt.Step(24), description="MRR and pro-rated target by venture"
        )
    )
