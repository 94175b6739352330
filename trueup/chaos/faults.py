"""What can be done to a system, and how it is written: ``TARGET[:ACTION[=SECONDS]][@AT]``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.topology import CONSUMES, SERVICES
from shared.platform.failpoints import POINTS
from trueup.databases import WITHOUT_DATABASE

ENGINES = ("postgres", "nats")
KILL, PAUSE, AWAY, SESSIONS = "kill", "pause", "away", "sessions"
DEFAULT_SECONDS = {PAUSE: 3.0, AWAY: 20.0}
LONGEST_SECONDS = 300.0
_OWN_POINTS = {"ingestion": ("normaliser.", "webhook.")}

_TEXT = re.compile(
    r"(?P<target>[a-z]+)(-(?P<replica>[1-9][0-9]?))?(:(?P<action>[a-z_.]+)(=(?P<seconds>[0-9]+(\.[0-9]+)?))?)?"
    r"(@(?P<at>[0-9]+(\.[0-9]+)?))?"
)


class UnknownFaultError(ValueError):
    """A text that names no fault; it says what would."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is done to one target.

    Attributes:
        target: A service, ``postgres`` or ``nats``.
        replica: Which process of a service; None: every one.
        action: ``kill`` (-9), ``pause`` (stopped for some seconds), ``away`` (killed, and started again only after
            some seconds), ``sessions`` (a service's database sessions ended), or a failpoint: whoever of the service
            passes it next is killed there, or stalls there for some seconds.
        seconds: How long, for what lasts; None: at a failpoint, death.
        at: Seconds since the load began; None: wherever the schedule puts it.
    """

    target: str
    action: str = KILL
    replica: int | None = None
    seconds: float | None = None
    at: float | None = None

    @property
    def is_failpoint(self) -> bool:
        """Whether it happens at a named point of the code."""
        return self.action in POINTS

    @property
    def place(self) -> str:
        """The target as an operator writes it."""
        return self.target if self.replica is None else f"{self.target}-{self.replica}"

    def __str__(self) -> str:
        """The text that ``parse`` reads."""
        text = self.place
        if self.action != KILL:
            text += f":{self.action}"
        if self.seconds is not None:
            text += f"={self.seconds:g}"
        return text if self.at is None else f"{text}@{self.at:g}"


def parse(text: str) -> Fault:
    """Read a fault.

    Raises:
        UnknownFaultError: There is no such target or action, or the two do not go together.
    """
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise UnknownFaultError(
            f"{text!r} is no fault: write TARGET[:ACTION[=SECONDS]][@AT], as in finance-2:pause=3@8"
        )
    target, action = found["target"], found["action"] or KILL
    seconds = float(found["seconds"]) if found["seconds"] else DEFAULT_SECONDS.get(action)
    replica = int(found["replica"]) if found["replica"] else None
    _check(text, target, action, replica, seconds)
    return Fault(target, action, replica, seconds, float(found["at"]) if found["at"] else None)


def _check(text: str, target: str, action: str, replica: int | None, seconds: float | None) -> None:
    known = (*SERVICES, *ENGINES)
    if target not in known:
        raise UnknownFaultError(f"{text!r}: there is no target {target!r}; targets are {', '.join(known)}")
    if action not in actions_of(target):
        raise UnknownFaultError(f"{text!r}: {target} knows {', '.join(actions_of(target))}")
    if replica is not None and (target in ENGINES or action not in (KILL, PAUSE)):
        raise UnknownFaultError(f"{text!r}: only kill and pause choose one process of a service")
    if seconds is not None and (action in (KILL, SESSIONS) or not 0 < seconds <= LONGEST_SECONDS):
        raise UnknownFaultError(f"{text!r}: seconds are for what lasts, more than 0 and at most {LONGEST_SECONDS:g}")


def actions_of(target: str) -> Sequence[str]:
    """What can be done to a target."""
    if target in ENGINES:
        return (KILL, PAUSE, AWAY)
    if target in WITHOUT_DATABASE:
        return (KILL, PAUSE)
    # Those that the load of a campaign passes for certain.
    passed = ("relay.", *(("consumer.",) if target in CONSUMES else ()), *_OWN_POINTS.get(target, ()))
    return (KILL, PAUSE, SESSIONS, *(point for point in POINTS if point.startswith(passed)))
