"""What deserves an alert, how it reads, and what becomes of one when the deviation changes (04-sync, "Alerts")."""

from services.sync.alert.rules.deviation import ALERTS_OF, find_deviation
from services.sync.alert.rules.finding import Finding, Newest, Outlook, listed
from services.sync.alert.rules.judgement import Standing, Verdict, is_silent, judge
from services.sync.alert.rules.limits import DEFAULT_LIMITS, Limits
from services.sync.alert.rules.occasion import (
    FirstActual,
    Reached,
    find_first_metric,
    find_milestone,
    find_outdated_projection,
    find_stale_plan,
)
from services.sync.alert.rules.portfolio import Holding, find_unbalanced_portfolio
from services.sync.alert.rules.trend import Destination, find_target_at_risk

__all__ = [
    "ALERTS_OF",
    "DEFAULT_LIMITS",
    "Destination",
    "Finding",
    "FirstActual",
    "Holding",
    "Limits",
    "Newest",
    "Outlook",
    "Reached",
    "Standing",
    "Verdict",
    "find_deviation",
    "find_first_metric",
    "find_milestone",
    "find_outdated_projection",
    "find_stale_plan",
    "find_target_at_risk",
    "find_unbalanced_portfolio",
    "is_silent",
    "judge",
    "listed",
]
