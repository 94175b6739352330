"""What is told of an alert's change, and of a month's review."""

from datetime import date
from uuid import uuid4

import pytest

from services.sync.notice.rules import disabled_notice, review_notice, told_of
from services.sync.notification.rules import action_of
from services.sync.preference.rules import TOPICS
from shared.contracts.identity import Role
from shared.contracts.sync import AlertType, NotificationType, PerformanceStatus, Severity

INFO, WARNING, CRITICAL = Severity


@pytest.mark.parametrize(
    ("change", "severity", "before", "told"),
    [
        ("raised", WARNING, None, NotificationType.ALERT_RAISED),
        ("updated", CRITICAL, WARNING, NotificationType.ALERT_ESCALATED),
        ("updated", WARNING, WARNING, None),
        ("updated", WARNING, CRITICAL, None),
        ("resolved", WARNING, WARNING, NotificationType.ALERT_RESOLVED),
        ("dismissed", CRITICAL, CRITICAL, None),
    ],
)
def test_only_a_rise_notifies_again(change, severity, before, told):
    assert told_of(change, severity, before) is told


def test_a_review_says_what_was_off():
    venture, month = uuid4(), date(2026, 10, 1)
    off = [{"metric": "mrr", "variance_pct": "-18.345"}, {"metric": "cac", "variance_pct": "21.05"}]
    notice = review_notice(venture, month, PerformanceStatus.LAGGING, off)
    assert notice is not None
    assert (notice.severity, notice.cause) == (WARNING, f"review:{venture}:2026-10")
    assert notice.title == "Review of October 2026: lagging behind the plan"
    assert notice.message == "More than 15 % off their targets: mrr -18.3 %, cac +21.0 %."
    assert review_notice(venture, month, PerformanceStatus.ON_TRACK, []) is None
    exceeding = review_notice(venture, month, PerformanceStatus.EXCEEDING, off[1:])
    assert exceeding is not None
    assert exceeding.severity is INFO


def test_administrators_are_told_of_an_endpoint_that_was_switched_off():
    notice = disabled_notice(uuid4(), 3, "Ops", "Nothing arrives.")
    assert (notice.needs_role, notice.venture_id) == (Role.ADMIN, None)


def test_every_alert_is_a_topic_and_leads_somewhere():
    alert, venture = uuid4(), uuid4()
    assert {kind.value for kind in AlertType} < set(TOPICS)
    for kind in AlertType:
        action = action_of(NotificationType.ALERT_RAISED, kind, alert, venture)
        assert action is not None
        assert (action.method == "POST") is (kind is AlertType.PROJECTION_OUTDATED)
    over = action_of(NotificationType.ALERT_RESOLVED, AlertType.PROJECTION_OUTDATED, alert, venture)
    assert over is not None
    assert over.method == "GET"
