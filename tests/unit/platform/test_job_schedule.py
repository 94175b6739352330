from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.jobs.runner import wall_clock
from shared.platform.jobs.schedule import Daily, Monthly, SlotInTheFuture, missed_slots, slot_asked_for

DAILY, REVIEW = Daily(time(2, 30)), Monthly(1, time(3, 0))


@pytest.mark.parametrize(
    ("instant", "slot"),
    [("2026-03-31T18:29:59", "2026-03-31"), ("2026-03-31T18:30:00", "2026-04-01")],
)
def test_a_slot_comes_at_the_organizations_own_time(instant, slot):
    local = wall_clock(datetime.fromisoformat(instant).replace(tzinfo=UTC), "Asia/Kuala_Lumpur")
    assert DAILY.newest_slot(local) == date.fromisoformat(slot)


@pytest.mark.parametrize(
    ("local", "slot"),
    [("2026-03-01T02:59", "2026-02-01"), ("2026-03-01T03:00", "2026-03-01"), ("2026-03-31T23:59", "2026-03-01")],
)
def test_a_monthly_slot(local, slot):
    assert REVIEW.newest_slot(datetime.fromisoformat(local)) == date.fromisoformat(slot)


def test_a_job_is_started_for_the_newest_slot_or_one_before_it():
    local = datetime.fromisoformat("2026-03-10T12:00")
    assert slot_asked_for(REVIEW, None, local) == date(2026, 3, 1)
    assert slot_asked_for(REVIEW, date(2026, 3, 1), local) == date(2026, 3, 1)
    assert slot_asked_for(REVIEW, date(2026, 2, 1), local) == date(2026, 2, 1)
    with pytest.raises(SlotInTheFuture, match="This slot has not come: the newest slot is 2026-03-01"):
        slot_asked_for(REVIEW, date(2026, 3, 2), local)


def test_a_time_that_does_not_exist_has_come_at_the_next_valid_instant():
    # On 2026-03-29 clocks in Berlin go from 02:00 (01:00 UTC) to 03:00.
    before = wall_clock(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), "Europe/Berlin")
    after = wall_clock(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Europe/Berlin")
    assert DAILY.newest_slot(before) == date(2026, 3, 28)
    assert DAILY.newest_slot(after) == date(2026, 3, 29)


def test_a_time_that_occurs_twice_counts_the_first_time():
    # On 2026-10-25 clocks in Berlin go from 03:00 (01:00 UTC) back to 02:00: 02:30 is at 00:30 and 01:30 UTC.
    first = wall_clock(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin")
    between = wall_clock(datetime(2026, 10, 25, 1, 10, tzinfo=UTC), "Europe/Berlin")
    assert DAILY.newest_slot(first) == date(2026, 10, 25)
    # The wall shows 02:10 again; that the slot is settled is known by its row.
    assert missed_slots(DAILY, date(2026, 10, 25), DAILY.newest_slot(between), 5) == []


def test_missed_slots_oldest_first_and_only_the_newest_of_many():
    assert missed_slots(REVIEW, date(2026, 1, 1), date(2026, 4, 1), 12) == [date(2026, month, 1) for month in (2, 3, 4)]
    assert missed_slots(DAILY, date(2026, 1, 1), date(2026, 4, 1), 1) == [date(2026, 4, 1)]
    assert missed_slots(DAILY, date(2026, 4, 1), date(2026, 4, 1), 9) == []


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)), st.integers(0, 500))  # noqa: DTZ001
def test_slots_never_go_back_and_follow_one_another(local, hours):
    later = local + timedelta(hours=hours)
    for schedule in (DAILY, REVIEW):
        first, second = schedule.newest_slot(local), schedule.newest_slot(later)
        assert first <= second
        assert datetime.combine(first, schedule.at) <= local
        missed = missed_slots(schedule, first, second, 1000)
        assert missed == sorted(set(missed))
        assert all(schedule.slot_before(slot) >= first for slot in missed)
        assert schedule.says()
