"""What must have come true: the comparison of every venture, as the dashboard shows it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from trueup.demo.company import VENTURES, VentureStory

PACE_TOLERANCE_PCT = Decimal(2)
"""Actual MRR is a whole amount and a day passes at midnight: the variance may differ by this much."""


def unmet(portfolio: Mapping[str, Any], today: date) -> list[str]:
    """Every difference between the dashboard and the story, in words; empty when all came true."""
    shown = {venture["name"]: venture for venture in portfolio["ventures"]}
    return [text for story in VENTURES for text in _unmet(story, shown.get(story.name), today)]


def miscounted(status: Mapping[str, Any], events: Mapping[str, int]) -> list[str]:
    """Every connection (by id) that has not stored each event exactly once, or could not read one; in words."""
    found = []
    for connection in status["connections"]:
        name, expected = connection["name"], events.get(connection["connection_id"])
        if expected is not None and connection["events"] != expected:
            found.append(f"{name} counts {connection['events']} events, not {expected}")
        if connection["parked"]:
            found.append(f"{name} could not read {connection['parked']} events: {connection['last_parked_error']}")
    return found


def _unmet(story: VentureStory, shown: Mapping[str, Any] | None, today: date) -> list[str]:
    if shown is None:
        return [f"{story.name} is not on the dashboard"]
    found = []
    if shown["status"] != story.status:
        found.append(f"{story.name} is {shown['status']}, not {story.status}")
    actual, expected = shown["actual_mrr"], story.actual(today)
    if expected is None:
        if actual is not None:
            found.append(f"{story.name} has an MRR of {actual} and should have none")
    elif actual is None or Decimal(actual) != expected:
        found.append(f"{story.name} has an MRR of {actual}, not {expected}")
    if story.pace is not None:
        variance = (story.pace - 1) * 100
        if shown["variance_pct"] is None or abs(Decimal(shown["variance_pct"]) - variance) > PACE_TOLERANCE_PCT:
            found.append(f"{story.name} is {shown['variance_pct']} % off its target, not about {variance} %")
    alerts = {alert["type"] for alert in shown["alerts"]}
    found += [f"{story.name} lacks the alert {alert}" for alert in sorted(story.alerts - alerts)]
    found += [f"{story.name} has the alert {alert} and should not" for alert in sorted(story.quiet & alerts)]
    return found
