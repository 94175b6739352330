"""The ventures of the histories, and what their plans promise."""

from datetime import timedelta

from shared.kernel import clock
from trueup.chaos.history import busy_history
from trueup.stripe_double import BASIL, CLOVER, LEGACY

__all__ = ["VENTURES", "VERSIONS", "busy_history", "targets"]

VENTURES = {
    "Kopi Loop": {"target_mrr": "100000", "baseline_value": "12000"},
    "Tuisyen Loop": {"target_mrr": "9000", "baseline_value": "3000"},
    "Sawit Loop": {"target_mrr": "50000"},
}
VERSIONS = (LEGACY, BASIL, CLOVER)


def targets(name: str) -> dict[str, str]:
    """The plan of a venture: a year that began three months ago."""
    today = clock.now().date()
    plan = dict(VENTURES[name], target_date=(today + timedelta(days=275)).isoformat())
    if "baseline_value" in plan:
        plan["baseline_date"] = (today - timedelta(days=90)).isoformat()
    return plan
