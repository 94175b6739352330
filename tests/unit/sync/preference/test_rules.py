"""Who is told how: the table of decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sync.preference.rules import (
    DEFAULT,
    SILENCE,
    TOPICS,
    Choice,
    Decision,
    EmailTiming,
    Preferences,
    decide,
    in_force,
    preferences,
)
from shared.contracts.sync import NotificationType, Severity

RAISED, RESOLVED = NotificationType.ALERT_RAISED, NotificationType.ALERT_RESOLVED
NOW, DAILY, WEEKLY, NO = EmailTiming.NOW, EmailTiming.DAILY, EmailTiming.WEEKLY, EmailTiming.NO
TOPIC = "MRR_BELOW_TARGET"


def own(topic: Choice | None = None, severity: Choice | None = None, resolved: bool | None = None) -> Preferences:
    return Preferences({TOPIC: topic} if topic else {}, {Severity.WARNING: severity} if severity else {}, resolved)


@pytest.mark.parametrize(
    ("user", "organization", "expected"),
    [
        (own(), own(), Decision(in_app=True, email=DAILY)),
        (own(), own(severity=Choice(email=NO)), Decision(in_app=True, email=NO)),
        (own(), own(Choice(in_app=False), Choice(email=NOW)), Decision(in_app=False, email=NOW)),
        (own(severity=Choice(email=WEEKLY)), own(Choice(email=NOW)), Decision(in_app=True, email=WEEKLY)),
        (own(Choice(email=NOW), Choice(email=NO)), own(), Decision(in_app=True, email=NOW)),
        (own(Choice(in_app=False)), own(Choice(email=NO)), SILENCE),
        (own(Choice(in_app=True)), own(Choice(in_app=False, email=NO)), Decision(in_app=True, email=NO)),
    ],
)
def test_the_nearest_that_says_something_decides(user: Preferences, organization: Preferences, expected: Decision):
    assert decide(RAISED, TOPIC, Severity.WARNING, [user, organization]) == expected


@pytest.mark.parametrize(
    ("user", "organization", "told"),
    [(None, None, False), (None, True, True), (False, True, False), (True, False, True)],
)
def test_what_resolves_is_told_to_who_asks(user: bool | None, organization: bool | None, told: bool):
    layers = [own(resolved=user), own(resolved=organization)]
    assert decide(RESOLVED, TOPIC, Severity.CRITICAL, layers).silent is not told


choices = st.builds(Choice, st.none() | st.booleans(), st.none() | st.sampled_from(EmailTiming))
layers = st.builds(
    Preferences,
    st.dictionaries(st.sampled_from(TOPICS), choices, max_size=4),
    st.dictionaries(st.sampled_from(Severity), choices, max_size=3),
    st.none() | st.booleans(),
)


@given(layers, layers, st.sampled_from(TOPICS), st.sampled_from(Severity))
def test_own_words_count_before_those_of_others(user, organization, topic, severity):
    found = decide(RAISED, topic, severity, [user, organization])
    mine = user.topics.get(topic, Choice())
    if mine.in_app is not None:
        assert found.in_app is mine.in_app
    if mine.email is not None:
        assert found.email is mine.email
    assert in_force([user, organization])[topic][severity] == found
    assert decide(RAISED, topic, severity, [Preferences(), user]) == decide(RAISED, topic, severity, [user])


@given(layers)
def test_what_is_stored_is_read_again(user: Preferences):
    def shown(choice: Choice):
        return {"in_app": choice.in_app, "email": choice.email and choice.email.value}

    stored = {
        "topics": {topic: shown(choice) for topic, choice in user.topics.items()},
        "severities": {severity.value: shown(choice) for severity, choice in user.severities.items()},
        "resolved": user.resolved,
    }
    assert preferences(stored) == user


def test_by_default_only_the_critical_is_written_at_once():
    assert {severity: choice.email for severity, choice in DEFAULT.severities.items()} == {
        Severity.INFO: NO,
        Severity.WARNING: DAILY,
        Severity.CRITICAL: NOW,
    }
