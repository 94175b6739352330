"""Which notices an endpoint wants, and the life of its secrets."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.sync.webhook.rules import in_use, rotated, wants
from shared.contracts.sync import NotificationType, Severity

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RAISED = NotificationType.ALERT_RAISED
OURS, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("kind", "severity", "venture", "wanted"),
    [
        (RAISED, Severity.WARNING, OURS, True),
        (RAISED, Severity.CRITICAL, OURS, True),
        (RAISED, Severity.INFO, OURS, False),
        (RAISED, Severity.WARNING, OTHER, False),
        (RAISED, Severity.WARNING, None, True),
        (NotificationType.ALERT_RESOLVED, Severity.WARNING, OURS, False),
    ],
)
def test_an_endpoint_wants_its_types_severities_and_ventures(kind, severity, venture, wanted):
    filters = {"types": ["alert.raised"], "minimum": Severity.WARNING, "ventures": [str(OURS)]}
    assert wants(kind, severity, venture, **filters) is wanted
    assert wants(kind, severity, venture, types=None, minimum=Severity.INFO, ventures=None)


def secret(name: str, ends_at: datetime | None = None):
    return {"id": name, "sealed": name, "ends_at": ends_at.isoformat() if ends_at else None}


def test_secrets_overlap_while_they_rotate():
    day = timedelta(days=1)
    one = rotated([secret("a")], secret("b"), NOW, day)
    assert [each["id"] for each in in_use(one, NOW + day - timedelta(seconds=1))] == ["b", "a"]
    assert [each["id"] for each in in_use(one, NOW + day)] == ["b"]
    # Another rotation does not prolong what ends; none at all ends what was at once.
    two = rotated(one, secret("c"), NOW + day / 2, day)
    assert [each["id"] for each in in_use(two, NOW + day)] == ["c", "b"]
    assert [each["id"] for each in rotated(two, secret("d"), NOW + day, timedelta(0))] == ["d"]
