"""The benchmark's frame: rows, shares of the machine's limits, and what is chosen to be measured."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from trueup.bench.catalogue import MEASURES
from trueup.bench.frame import COMMITS, Bench, at_least, at_most, beside
from trueup.bench.limits import machine
from trueup.bench.session import UnknownMeasureError, chosen, write
from trueup.bench.system import System
from trueup.bench.table import markdown
from trueup.local import State


def test_a_row_says_whether_its_target_is_met() -> None:
    assert [at_least("a", value, "/s", 1_500).met for value in (1_499.9, 1_500)] == [False, True]
    assert [at_most("a", value, "ms", 20).met for value in (20, 20.01)] == [True, False]
    assert (at_least("a", 1499.96, "/s", 1500).value, at_most("a", 0.01234, "ms", 20).value) == (1500, 0.012)
    assert at_least("a", 1, "/s", 1_500).target == ">= 1,500"


def test_figures_are_shown_as_shares_of_the_machines_limits(tmp_path: Path) -> None:
    bench = Bench(Console(quiet=True), System(tmp_path))
    bench.add(at_least("webhooks", 2_000, "/s", 1_500), limit=COMMITS)
    bench.add(beside("something else", 7, "ms"))
    assert bench.ratios() == {}, "the limits were not measured"
    bench.limits = {COMMITS: 8_000}
    assert bench.ratios() == {"webhooks": {COMMITS: 0.25}}


def test_measures_are_chosen_by_the_beginning_of_their_names() -> None:
    assert chosen([]) == list(MEASURES)
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    assert [measure.name for measure in chosen(["webhooks.g", "start"])] == ["start", "webhooks.gateway"]
    with pytest.raises(UnknownMeasureError, match=r"there are .*burst"):
        chosen(["bursts"])


def test_what_cannot_be_measured_is_reported_beside_what_can(tmp_path: Path) -> None:
    bench = Bench(Console(quiet=True), System(tmp_path))
    bench.limits = {COMMITS: 5_000.04}
    bench.add(at_least("webhooks", 1_000, "/s", 1_500), limit=COMMITS)
    bench.add(beside("cold", 2.5, "s"))
    bench.fail("report", TimeoutError())
    write(bench, State(tmp_path))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary == {
        "machine": machine(),
        "limits": {COMMITS: 5_000.0},
        "rows": [
            {"name": "webhooks", "value": 1_000, "unit": "/s", "target": ">= 1,500", "met": False},
            {"name": "cold", "value": 2.5, "unit": "s", "target": "", "met": True},
        ],
        "ratios": {"webhooks": {COMMITS: 0.2}},
        "failed": {"report": "TimeoutError"},
    }
    assert markdown(summary).splitlines()[2:] == [
        "| what | measured | target | share of the limit |",
        "|---|---|---|---|",
        "| limit: postgres commits | 5,000 /s | | |",
        "| webhooks | 1,000 /s | >= 1,500: missed | 0.20 of commits |",
        "| cold | 2.5 s |  |  |",
        "| report | could not be measured | | |",
    ]
