"""Request and response bodies of preferences."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from services.sync.preference.rules import DEFAULT, TOPICS, EmailTiming, Preferences, in_force
from shared.contracts.sync import Severity
from shared.platform.http.bodies import Answer, Body


def _a_topic(value: str) -> str:
    if value not in TOPICS:
        raise ValueError(f"there is no topic {value[:40]!r}")
    return value


Topic = Annotated[str, AfterValidator(_a_topic), WithJsonSchema({"type": "string", "enum": list(TOPICS)})]


class ChoiceBody(Body):
    """How to be told; what is left out is as the next in line has it."""

    in_app: bool | None = None
    email: EmailTiming | None = Field(default=None, description="At once, in a daily or weekly digest, or not")


class PreferencesBody(Body):
    """Everything that a scope prefers: it takes the place of what was set before."""

    topics: dict[Topic, ChoiceBody] = Field(
        default_factory=dict, examples=[{"FIRST_METRIC": {"in_app": False}}], description="By type of alert or event"
    )
    severities: dict[Severity, ChoiceBody] = Field(
        default_factory=dict, examples=[{"WARNING": {"email": "weekly"}}], description="For every other topic"
    )
    resolved: bool | None = Field(default=None, description="Also be told when an alert resolves by itself")

    def stored(self) -> dict[str, Any]:
        """As JSON, without what is not set."""
        shown = self.model_dump(mode="json", exclude_none=True)
        for name in ("topics", "severities"):
            shown[name] = {key: choice for key, choice in sorted(shown[name].items()) if choice}
        return shown


class ChoiceOut(Answer):
    """What a scope prefers; null: as the next in line has it."""

    in_app: bool | None
    email: EmailTiming | None


class DecisionOut(Answer):
    """How somebody is told."""

    in_app: bool
    email: EmailTiming


class PreferencesOut(Answer):
    """What a scope prefers, and what is in force with it; version 0 while nothing is set."""

    version: int
    topics: dict[str, ChoiceOut]
    severities: dict[Severity, ChoiceOut]
    resolved: bool | None
    in_force: dict[str, dict[Severity, DecisionOut]]
    resolved_in_force: bool

    @classmethod
    def of(cls, version: int, layers: tuple[Preferences, ...]) -> "PreferencesOut":
        """From the scope's own preferences and those after them."""
        own = layers[0]
        return cls.model_validate(
            {
                "version": version,
                "topics": dict(own.topics),
                "severities": dict(own.severities),
                "resolved": own.resolved,
                "in_force": in_force(layers),
                "resolved_in_force": next(line.resolved for line in (*layers, DEFAULT) if line.resolved is not None),
            }
        )
