"""What a campaign counts: nothing may be missing, double or different without being named."""

from datetime import UTC, datetime

from trueup.chaos import counting
from trueup.chaos.history import busy_history, expected_of, with_repeats

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALM = [{"figure": "a", "organization": "calm", "value": "1"}, {"figure": "b", "organization": "calm", "value": "2"}]
STORMY = [figure | {"organization": "stormy"} for figure in CALM]


def test_the_history_is_the_same_for_both_but_for_the_ventures():
    one, other = (busy_history({"a": venture}, 300, now=NOW) for venture in ("x", "y"))
    assert len(one) >= 300
    assert [event["id"] for event in one] == [event["id"] for event in other]
    assert one != other


def test_repeats_and_disorder_leave_out_nothing():
    events = busy_history({"a": "x"}, 300, now=NOW)
    told = with_repeats(events, 7)
    assert told == with_repeats(events, 7)
    assert len(told) > len(events) * 1.05
    assert {event["id"] for event in told} == {event["id"] for event in events}
    assert [event["id"] for event in told] != [event["id"] for event in events]


def test_each_object_counts_once():
    events = busy_history({"a": "x"}, 400, now=NOW)
    expected = expected_of(events)
    assert expected.events == len(events)
    charges = {event["data"]["object"]["id"] for event in events if event["data"]["object"]["object"] == "charge"}
    assert sum(count for count, _ in expected.payments.values()) == len(charges) > 0
    assert sum(count for count, _ in expected.refunds.values()) > 0
    assert expected_of([event for event in events for _ in range(2)]) == expected


def test_equal_figures_hold():
    assert counting.same_figures(STORMY, CALM).holds


def test_a_lost_a_double_and_a_changed_figure_are_named():
    assert counting.same_figures(STORMY[:1], CALM).wrong == ["missing: {'figure': 'b', 'value': '2'}"]
    assert counting.same_figures([*STORMY, STORMY[0]], CALM).wrong == ["instead: {'figure': 'a', 'value': '1'}"]
    changed = counting.same_figures([STORMY[0], STORMY[1] | {"value": "3"}], CALM)
    assert changed.wrong == ["missing: {'figure': 'b', 'value': '2'}", "instead: {'figure': 'b', 'value': '3'}"]


def test_no_figures_at_all_prove_nothing():
    assert not counting.same_figures([], []).holds


def test_only_new_dead_letters_count():
    before = {"sync: open dead letters": {"1"}}
    assert counting.dead_letters(before, before).holds
    after = {"sync: open dead letters": {"1", "2"}, "finance: refused events": {"3"}}
    assert counting.dead_letters(before, after).wrong == ["sync: open dead letters: 2", "finance: refused events: 3"]
