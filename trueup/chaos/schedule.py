"""Which fault happens when: a pure function of a seed, the time, and what there is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from trueup.chaos.faults import ENGINES, PAUSE, SESSIONS, Fault, actions_of

FIRST_S = 1.0
REST_S = 1.0
"""After the last fault the load still goes on for a moment."""
_KINDS = {"one": 40, "service": 15, "failpoint": 20, "pause": 10, "sessions": 5, "engine": 10}
"""How often each kind comes, of a hundred."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What there is to be disturbed.

    Attributes:
        replicas: Processes per service, without the engines.
        engines: Which engines may be disturbed.
        failpoints: Whether points of the code can be armed.
        only_kill: Nothing but kills is possible (the processes are reached through commands).
    """

    replicas: Mapping[str, int]
    engines: Sequence[str] = ENGINES
    failpoints: bool = True
    only_kill: bool = False


def random_faults(seed: int, seconds: float, every: float, ground: Ground) -> list[Fault]:
    """Faults about ``every`` seconds apart, over the time of the load. The same arguments give the same faults."""
    rng = Random(seed)  # noqa: S311 - a reproducible choice, no secret
    at, faults = FIRST_S, []
    while at <= seconds - REST_S:
        faults.append(replace(_any(rng, ground), at=round(at, 2)))
        at += rng.uniform(0.5, 1.5) * every
    return faults


def _any(rng: Random, ground: Ground) -> Fault:
    kind = rng.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
    if ground.engines and (kind == "engine" or not ground.replicas):
        return Fault(rng.choice(sorted(ground.engines)))
    service = rng.choice(sorted(ground.replicas))
    if kind == "failpoint" and ground.failpoints:
        points = [action for action in actions_of(service) if "." in action]
        if points:
            return Fault(service, rng.choice(points), seconds=rng.choice([None, None, 2.0]))
    elif kind == "sessions" and SESSIONS in actions_of(service):
        return Fault(service, SESSIONS)
    if kind == "service" or ground.only_kill:
        return Fault(service)
    one = Fault(service, replica=rng.randint(1, ground.replicas[service]))
    return replace(one, action=PAUSE, seconds=round(rng.uniform(1, 6), 1)) if kind == "pause" else one


def without(ground: Ground, spared: Collection[str]) -> Ground:
    """The same, but for targets that are to be left alone."""
    replicas = {name: count for name, count in ground.replicas.items() if name not in spared}
    return replace(ground, replicas=replicas, engines=[name for name in ground.engines if name not in spared])


def named_faults(faults: Sequence[Fault], seconds: float) -> list[Fault]:
    """The named faults in the order of their instants; those without one are spread evenly, in their order."""
    step = max(seconds - FIRST_S - REST_S, 0.0) / max(len(faults), 1)
    placed = [
        fault if fault.at is not None else replace(fault, at=round(FIRST_S + step * number, 2))
        for number, fault in enumerate(faults)
    ]
    return sorted(placed, key=lambda fault: fault.at or 0.0)
