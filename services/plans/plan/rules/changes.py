"""What differs between two versions, and what two people did to one."""

import json
from dataclasses import dataclass
from typing import Any

from services.plans.plan.rules.content import PlanContent
from services.plans.plan.rules.targets import bare, settled
from shared.contracts.plans import FieldChange, PlanStrategy, PlanTargets

CHANGE_LIMIT_BYTES = 4 * 1024
SHORTENED_CHARACTERS = 500
"""A longer old or new value travels shortened in an event; at most six bytes of JSON a character."""

EMPTY = PlanContent(PlanStrategy(), settled(PlanTargets()))
"""What a first version is compared with."""


def changes_between(before: PlanContent, after: PlanContent) -> tuple[FieldChange, ...]:
    """The fields whose value differs, with old and new as JSON. 5.0 and 5.00 are the same value."""
    old, new = before.as_json(), after.as_json()
    known, wanted = dict(before.values()), dict(after.values())
    return tuple(
        FieldChange(field=field, old=old.get(field), new=new.get(field))
        for field in dict.fromkeys([*wanted, *known])
        if known.get(field) != wanted.get(field)
    )


def applied(content: PlanContent, changes: tuple[FieldChange, ...]) -> PlanContent:
    """The content after some changes: ``applied(a, changes_between(a, b))`` is ``b``."""
    return PlanContent.of_values(content.as_json() | {change.field: change.new for change in changes})


def is_financial(changes: tuple[FieldChange, ...]) -> bool:
    """Whether a target, an assumption or the go-to-market strategy changed."""
    return any(change.field.startswith("targets.") or change.field == "strategy.gtm_strategy" for change in changes)


def shortened(changes: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
    """The changes with long values cut to their first characters, as they travel in an event.

    The whole new value is in the event's ``strategy``, the old one in the event before.
    """
    return tuple(FieldChange(field=change.field, old=_short(change.old), new=_short(change.new)) for change in changes)


def _short(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    if len(text.encode()) <= CHANGE_LIMIT_BYTES:
        return value
    return (value if isinstance(value, str) else text)[:SHORTENED_CHARACTERS] + "..."


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that both changed, to different values (JSON)."""

    field: str
    base: Any
    theirs: Any
    yours: Any


@dataclass(frozen=True, slots=True)
class Divergence:
    """What two people did to the same version, and what becomes of both.

    ``merged`` has both people's changes; a field in ``conflicts`` stands there as they have it.
    """

    they_changed: tuple[FieldChange, ...]
    you_changed: tuple[FieldChange, ...]
    conflicts: tuple[FieldConflict, ...]
    merged: PlanContent

    @property
    def conflicting(self) -> tuple[str, ...]:
        """The fields that both changed differently."""
        return tuple(conflict.field for conflict in self.conflicts)

    @property
    def mergeable(self) -> tuple[str, ...]:
        """The fields that you changed and that can be merged without a decision."""
        return tuple(change.field for change in self.you_changed if change.field not in self.conflicting)


def divergence(base: PlanContent, current: PlanContent, mine: PlanContent) -> Divergence:
    """The three-way, field by field difference that lets a client merge its stale save.

    What targets imply (ARR of MRR, LTV:CAC) conflicts only when a person set it.
    """
    ground, theirs, yours = (PlanContent(content.strategy, bare(content.targets)) for content in (base, current, mine))
    before, they, you = dict(ground.values()), dict(theirs.values()), dict(yours.values())
    merged, disputed = dict(they), []
    for field in dict.fromkeys([*you, *they, *before]):
        old, their, your = before.get(field), they.get(field), you.get(field)
        if their == old:
            merged[field] = your
        elif your not in (old, their):
            disputed.append(field)
    shown = [content.as_json() for content in (ground, theirs, yours)]
    merged_bare = PlanContent.of_values(merged)
    return Divergence(
        changes_between(base, current),
        changes_between(base, mine),
        tuple(FieldConflict(field, *(content.get(field) for content in shown)) for field in disputed),
        PlanContent(merged_bare.strategy, settled(merged_bare.targets)),
    )
