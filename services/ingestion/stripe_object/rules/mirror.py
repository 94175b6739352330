"""Which of several observations of an object is its newest state.

Stripe's events come in any order, twice, and several in one second. A mirror is therefore a value that only
grows: merging observations is associative, commutative and idempotent, so that the final state depends on
the set of events alone. It keeps every observation of its newest second (mostly one), because which of
them came last may only be told once all of them are known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.ingestion.stripe_object.rules.observation import Facts, Marks, Observation, rank

EVIDENCE_LIMIT = 20
"""How many event ids a mirror keeps as evidence: the newest ones."""

Evidence = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Mirror:
    """The newest state of an object, and what was ever seen of it."""

    newest: Observation
    rivals: tuple[Observation, ...]
    marks: Marks
    evidence: Evidence

    @property
    def facts(self) -> Facts:
        """What the newest state says."""
        return self.newest.facts


def merge(known: Mirror | None, observations: Iterable[Observation]) -> Mirror:
    """The mirror after more observations of its object."""
    given = list(observations)
    candidates = ([known.newest, *known.rivals] if known else []) + given
    top = max(candidate.precedence for candidate in candidates)
    contenders: dict[str, Observation] = {}
    for candidate in candidates:
        if candidate.precedence == top:
            contenders.setdefault(candidate.event_id, candidate)
    newest = latest(list(contenders.values()))
    rivals = sorted((c for c in contenders.values() if c is not newest), key=lambda c: c.event_id)
    return Mirror(
        newest=newest,
        rivals=tuple(rivals),
        marks=earliest([known.marks if known else {}, *[each.marks for each in given]]),
        evidence=newest_evidence(
            [*(known.evidence if known else []), *[(max(each.second, 0), each.event_id) for each in given]]
        ),
    )


def latest(contenders: list[Observation]) -> Observation:
    """The last of the states that an object had within one second.

    A deletion is the last. Otherwise B follows A when A's state has the values that B's
    ``previous_attributes`` say it overwrote; the last is followed by none. Where that leaves several,
    the event type's rank decides, then the event id: arbitrary, but the same in every order of arrival.
    """
    if len(contenders) == 1:
        return contenders[0]
    deletions = [each for each in contenders if each.event_type.endswith(".deleted")]
    pool = deletions or contenders
    unfollowed = [each for each in pool if not any(_follows(other, each) for other in pool if other is not each)]
    return max(unfollowed or pool, key=lambda each: (rank(each.event_type), each.event_id))


def _follows(later: Observation, earlier: Observation) -> bool:
    """Whether ``later`` overwrote ``earlier``'s state, and not the other way round as well."""
    return _overwrote(later, earlier) and not _overwrote(earlier, later)


def _overwrote(later: Observation, earlier: Observation) -> bool:
    return bool(later.previous) and _contains(earlier.state, later.previous)


def _contains(state: Any, part: Any) -> bool:
    """Whether ``state`` has all values of ``part``; Stripe leaves out unchanged members of nested objects."""
    if isinstance(part, Mapping):
        return isinstance(state, Mapping) and all(_contains(state.get(name), part[name]) for name in part)
    if isinstance(part, list):
        return (
            isinstance(state, list)
            and len(state) == len(part)
            and all(_contains(mine, other) for mine, other in zip(state, part, strict=True))
        )
    return bool(state == part)


def earliest(marks: Iterable[Marks]) -> Marks:
    """Each mark with its earliest sighting."""
    result: Marks = {}
    for each in marks:
        for name, second in each.items():
            result[name] = min(second, result.get(name, second))
    return result


def newest_evidence(evidence: Iterable[tuple[int, str]]) -> Evidence:
    """The newest event ids, without repetition, newest last."""
    return sorted(set(evidence))[-EVIDENCE_LIMIT:]
