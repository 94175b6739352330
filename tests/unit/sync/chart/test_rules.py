from datetime import date
from decimal import Decimal

from services.sync.chart.rules import Line, Measure, comparison_chart
from services.sync.chart.worker import picture
from services.sync.projection.rules import Assumption, Assumptions, forecast
from services.sync.variance.rules import PathTarget


def _line(name: str, final: int, cash: Decimal | None = None) -> Line:
    way = PathTarget(Decimal(12000), date(2026, 1, 31), Decimal(final), date(2026, 12, 31))
    assumed = Assumptions(*[Assumption(Decimal(value), "plan") for value in ("3000", "0.5", "0.05")])
    return Line(name, forecast(way, cash, assumed).months)


def test_both_lines_with_every_month_and_a_description():
    chart = comparison_chart(_line("Plan v1", 100_000), _line("Plan v2", 80_000), Measure.REVENUE, "MYR")
    assert len(chart["data"]["values"]) == 22
    assert chart["data"]["values"][10] == {"month": "2026-12-31", "projection": "Plan v1", "amount": 100000.0}
    assert chart["description"] == "Revenue a month by month: Plan v1 and Plan v2"
    assert chart["encoding"]["y"]["title"] == "Revenue a month, MYR"


def test_two_of_one_name_stay_two_lines():
    chart = comparison_chart(_line("Plan", 100_000), _line("Plan", 80_000), Measure.REVENUE, "MYR")
    assert {value["projection"] for value in chart["data"]["values"]} == {"Plan", "Plan (second)"}


def test_what_is_not_known_is_not_drawn():
    chart = comparison_chart(_line("a", 100_000), _line("b", 80_000, Decimal(5)), Measure.CASH, "MYR")
    assert {value["projection"] for value in chart["data"]["values"]} == {"b"}


def test_the_picture_names_what_it_shows():
    import orjson  # noqa: PLC0415

    chart = comparison_chart(_line("Plan v1", 100_000), _line("Plan & v2", 80_000), Measure.REVENUE, "MYR")
    svg = picture(orjson.dumps(chart), "svg").decode()
    assert svg.startswith("<svg")
    assert "Plan &amp; v2" in svg
    assert "Jan 26" not in svg
    assert "Dec 26" in svg
