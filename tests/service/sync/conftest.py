"""The time of day of tests about jobs, which have their hours."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from shared.kernel import clock
from tests.service.sync.telling import ZONE


@pytest.fixture
def mid_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon in the organization: what is due on a day is due already, on the first of a month too."""
    monkeypatch.delenv(clock.OFFSET_VARIABLE, raising=False)
    noon = datetime.combine(clock.today(ZONE), time(12), tzinfo=ZoneInfo(ZONE))
    monkeypatch.setenv(clock.OFFSET_VARIABLE, str(int((noon - clock.now()).total_seconds())))
