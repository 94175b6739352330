"""The ventures of the histories, and what their plans promise."""

from datetime import timedelta
from functools import partial

from shared.kernel import clock
from trueup.chaos import history
from trueup.stripe_double import BASIL, CLOVER, LEGACY

__all__ = ["VENTURES", "VERSIONS", "busy_history", "targets"]

NOW = clock.now()
"""One moment for the whole run: whoever is told a history later, is told the same one."""
busy_history = partial(history.busy_history, now=NOW)
VENTURES = {
    "Kopi Loop": {"target_mrr": "100000", "baseline_value": "12000"},
    "Tuisyen Loop": {"target_mrr": "9000", "baseline_value": "3000"},
    "Sawit Loop": {"target_mrr": "50000"},
}
VERSIONS = (LEGACY, BASIL, CLOVER)


def targets(name: str) -> dict[str, str]:
    """The plan of a venture: a year that began three months ago."""
    today = NOW.date()
    plan = dict(VENTURES[name], target_date=(today + timedelta(days=275)).isoformat())
    if "baseline_value" in plan:
        plan["baseline_date"] = (today - timedelta(days=90)).isoformat()
    return plan
