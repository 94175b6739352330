"""The one clock: every process takes "now" from here.

``TRUEUP_NOW_OFFSET`` (seconds, may be negative) shifts it for tests and demos,
in every process that inherits the variable.
"""

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

OFFSET_VARIABLE = "TRUEUP_NOW_OFFSET"


def now() -> datetime:
    """The current instant, in UTC, shifted by ``TRUEUP_NOW_OFFSET`` seconds."""
    return datetime.now(UTC) + timedelta(seconds=int(os.environ.get(OFFSET_VARIABLE) or 0))


def today(time_zone: str) -> date:
    """The current calendar day in an IANA time zone."""
    return now().astimezone(ZoneInfo(time_zone)).date()
