"""Instants as an operator writes them."""

import re
from datetime import UTC, datetime, timedelta

from shared.kernel.clock import now
from trueup.local import LocalError

_AGE = re.compile(r"^(\d+)(s|m|h|d)$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(text: str) -> datetime:
    """``10m``, ``2h``, ``3d`` (ago), or an ISO 8601 instant (UTC unless it says otherwise).

    Raises:
        LocalError: It is neither.
    """
    age = _AGE.match(text.strip())
    if age:
        return now() - timedelta(**{_UNITS[age.group(2)]: int(age.group(1))})
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        raise LocalError(f"{text!r} is no instant: write 10m, 2h, 3d, or 2026-03-31T12:00:00Z") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)
