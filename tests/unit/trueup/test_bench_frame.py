"""The benchmark's frame: rows, shares of the machine's limits, and what is chosen to be measured."""

from pathlib import Path

import pytest
from rich.console import Console

from trueup.bench.catalogue import MEASURES
from trueup.bench.frame import COMMITS, Bench, at_least, at_most, beside
from trueup.bench.session import UnknownMeasureError, chosen
from trueup.bench.system import System


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
