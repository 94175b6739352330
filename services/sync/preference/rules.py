"""How somebody is told of something: in the application, by e-mail at once, in a digest, or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.contracts.sync import AlertType, NotificationType, Severity


class EmailTiming(StrEnum):
    """When a letter tells of something."""

    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"
    NO = "no"


TOPICS: tuple[str, ...] = (
    *(kind.value for kind in AlertType),
    NotificationType.REVIEW_COMPLETED.value,
    NotificationType.WEBHOOK_DISABLED.value,
)
"""What preferences are set for: each type of alert, and what is no alert."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is preferred; None: whatever the next in line prefers."""

    in_app: bool | None = None
    email: EmailTiming | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """Everything that one scope prefers. ``resolved``: also be told when an alert resolves by itself."""

    topics: Mapping[str, Choice] = field(default_factory=dict)
    severities: Mapping[Severity, Choice] = field(default_factory=dict)
    resolved: bool | None = None


DEFAULT = Preferences(
    severities={
        Severity.INFO: Choice(in_app=True, email=EmailTiming.NO),
        Severity.WARNING: Choice(in_app=True, email=EmailTiming.DAILY),
        Severity.CRITICAL: Choice(in_app=True, email=EmailTiming.NOW),
    },
    resolved=False,
)
"""What holds where nobody prefers anything. Quiet about what resolves by itself."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How somebody is told."""

    in_app: bool
    email: EmailTiming

    @property
    def silent(self) -> bool:
        """Whether they are not told at all."""
        return not self.in_app and self.email is EmailTiming.NO


SILENCE = Decision(in_app=False, email=EmailTiming.NO)


def decide(kind: NotificationType, topic: str, severity: Severity, layers: Sequence[Preferences]) -> Decision:
    """How somebody is told; ``layers`` are their own preferences, then the organization's.

    For each of the two ways the first that says something decides: one's own for the topic, one's own for the
    severity, the organization's for the topic, the organization's for the severity, the default.
    """
    lines = (*layers, DEFAULT)
    if kind is NotificationType.ALERT_RESOLVED:
        wanted = next(line.resolved for line in lines if line.resolved is not None)
        if not wanted:
            return SILENCE
    choices = list(_choices(topic, severity, lines))
    return Decision(
        in_app=next(choice.in_app for choice in choices if choice.in_app is not None),
        email=next(choice.email for choice in choices if choice.email is not None),
    )


def _choices(topic: str, severity: Severity, lines: Sequence[Preferences]) -> Iterator[Choice]:
    nothing = Choice()
    for line in lines:
        yield line.topics.get(topic, nothing)
        yield line.severities.get(severity, nothing)


def in_force(layers: Sequence[Preferences]) -> dict[str, dict[Severity, Decision]]:
    """How somebody is told of each topic and severity while it lasts."""
    return {
        topic: {severity: decide(NotificationType.ALERT_RAISED, topic, severity, layers) for severity in Severity}
        for topic in TOPICS
    }


def preferences(stored: Mapping[str, Any]) -> Preferences:
    """Stored preferences (JSON) as values."""
    return Preferences(
        {topic: _choice(choice) for topic, choice in stored.get("topics", {}).items()},
        {Severity(severity): _choice(choice) for severity, choice in stored.get("severities", {}).items()},
        stored.get("resolved"),
    )


def _choice(stored: Mapping[str, Any]) -> Choice:
    email = stored.get("email")
    return Choice(stored.get("in_app"), None if email is None else EmailTiming(email))
