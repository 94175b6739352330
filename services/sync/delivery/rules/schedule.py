"""When a message that did not arrive is posted again, and when no more."""

from datetime import datetime, timedelta
from enum import StrEnum

FIRST_DELAY = timedelta(seconds=5)
FACTOR = 3
LONGEST_DELAY = timedelta(hours=6)
MOST_TRIES = 20
"""Some three days, from the first delay to the last."""
LONGEST_FAILURE = timedelta(days=3)
FEWEST_FAILURES = 10
GONE = 410


def is_accepted(status_code: int | None) -> bool:
    """Whether an answer says that the message arrived: 2xx does, a redirection does not."""
    return status_code is not None and 200 <= status_code < 300  # noqa: PLR2004 - HTTP's successes


def backoff(failures: int, spread: float) -> timedelta:
    """How long to wait after so many failures in a row (1 or more): 5 s, 15 s, 45 s ... up to 6 hours.

    ``spread`` (0 to 1) moves it between three quarters and five quarters, so that many do not come back at once.
    """
    growing = min(FIRST_DELAY.total_seconds() * FACTOR ** min(failures - 1, 20), LONGEST_DELAY.total_seconds())
    return timedelta(seconds=growing * (0.75 + 0.5 * spread))


class Outcome(StrEnum):
    """What becomes of a message that did not arrive."""

    AGAIN = "again"
    GIVE_UP = "give_up"


def after_failure(tries: int) -> Outcome:
    """Whether a message is posted again after so many tries."""
    return Outcome.GIVE_UP if tries >= MOST_TRIES else Outcome.AGAIN


def why_to_disable(status_code: int | None, failing_since: datetime, failures: int, at: datetime) -> str | None:
    """Why nothing more is posted to an endpoint; None while it may yet come back."""
    if status_code == GONE:
        return "It answered 410 Gone: it wants no more messages."
    if failures >= FEWEST_FAILURES and at - failing_since >= LONGEST_FAILURE:
        return f"Nothing has arrived there since {failing_since:%Y-%m-%d %H:%M} UTC, in {failures} attempts."
    return None
