"""Alerts over generated histories with known deviations; `make bench` plays ten times as many."""

import pytest

from trueup.bench.alert_histories import Course, Score, judged, judged_trends


@pytest.fixture(scope="module")
def played():
    return judged(40, seed=3)


def test_alerts_stand_where_they_should(played):
    assert played.months == 960
    assert played.deviations.right > 100
    assert played.deviations.precision_pct > 95
    assert played.deviations.recall_pct > 95


def test_none_twice_and_none_left_open(played):
    assert played.duplicates == 0
    assert played.left_open == 0


def test_without_noise_nothing_is_wrong():
    exact = judged(10, seed=4, noise=0.0).deviations
    assert (exact.wrong, exact.missed) == (0, 0)
    assert exact.right > 0


def test_more_noise_than_the_threshold_is_found_out():
    assert judged(10, seed=4, noise=0.3).deviations.precision_pct < 90


def test_trends_tell_who_will_miss_the_target():
    trends = judged_trends(120, seed=3)
    assert trends.right > 100
    assert trends.precision_pct > 95
    assert trends.recall_pct > 95


def test_a_course_is_what_it_says():
    course = Course(steps=((3, 6, -0.2),), drift=(0, 10, 0.1))
    assert [round(course.at(month), 4) for month in (0, 3, 6, 20)] == [0.0, -0.17, 0.06, 0.1]
    assert round(Course(season=0.25).at(3), 4) == 0.25
    assert (Score(right=9, wrong=1, missed=3).precision_pct, Score(right=9, missed=3).recall_pct) == (90, 75)
