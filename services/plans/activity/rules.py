"""The sentences of the activity feed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class ActivityKind(StrEnum):
    """What can happen in a venture."""

    VENTURE_CREATED = "venture_created"
    VENTURE_CHANGED = "venture_changed"
    VENTURE_ARCHIVED = "venture_archived"
    VENTURE_UNARCHIVED = "venture_unarchived"
    PLAN_SAVED = "plan_saved"
    PLAN_RESTORED = "plan_restored"
    PLAN_LABELLED = "plan_labelled"
    PLAN_INVESTOR_READY = "plan_investor_ready"
    PLAN_ARCHIVED = "plan_archived"
    PLAN_UNARCHIVED = "plan_unarchived"
    PLAN_FLAGGED = "plan_flagged"
    PLAN_UNFLAGGED = "plan_unflagged"
    PLAN_REVIEWED = "plan_reviewed"
    TARGETS_ACCEPTED = "targets_accepted"
    TARGETS_DECLINED = "targets_declined"
    GOAL_CREATED = "goal_created"
    GOAL_CHANGED = "goal_changed"
    GOAL_REACHED = "goal_reached"
    GOAL_DROPPED = "goal_dropped"
    GOAL_REOPENED = "goal_reopened"
    GOAL_ARCHIVED = "goal_archived"
    GOAL_UNARCHIVED = "goal_unarchived"
    MILESTONE_CREATED = "milestone_created"
    MILESTONE_CHANGED = "milestone_changed"
    MILESTONE_REACHED = "milestone_reached"
    MILESTONE_ARCHIVED = "milestone_archived"
    MILESTONE_UNARCHIVED = "milestone_unarchived"


_SENTENCES: Mapping[ActivityKind, str] = {
    ActivityKind.VENTURE_CREATED: 'Created the venture "{name}"',
    ActivityKind.VENTURE_CHANGED: "Changed the venture: {fields}",
    ActivityKind.VENTURE_ARCHIVED: "Archived the venture",
    ActivityKind.VENTURE_UNARCHIVED: "Took the venture back",
    ActivityKind.PLAN_SAVED: "Saved version {version} of the plan: {fields}",
    ActivityKind.PLAN_RESTORED: "Restored version {restored_from} of the plan as version {version}",
    ActivityKind.PLAN_LABELLED: "Named version {version} of the plan: {label}",
    ActivityKind.PLAN_INVESTOR_READY: "Tagged version {version} of the plan as ready for investors",
    ActivityKind.PLAN_ARCHIVED: "Archived the plan (version {version})",
    ActivityKind.PLAN_UNARCHIVED: "Took the plan back (version {version})",
    ActivityKind.PLAN_FLAGGED: "The plan needs a review: {reason}",
    ActivityKind.PLAN_UNFLAGGED: "The plan no longer needs a review: {reason}",
    ActivityKind.PLAN_REVIEWED: "Reviewed version {version} of the plan",
    ActivityKind.TARGETS_ACCEPTED: "Accepted proposed targets as version {version} of the plan",
    ActivityKind.TARGETS_DECLINED: "Declined proposed targets",
    ActivityKind.GOAL_CREATED: 'Set the goal "{title}"',
    ActivityKind.GOAL_CHANGED: 'Changed the goal "{title}": {fields}',
    ActivityKind.GOAL_REACHED: 'Reached the goal "{title}"',
    ActivityKind.GOAL_DROPPED: 'Dropped the goal "{title}"',
    ActivityKind.GOAL_REOPENED: 'Reopened the goal "{title}"',
    ActivityKind.GOAL_ARCHIVED: 'Archived the goal "{title}"',
    ActivityKind.GOAL_UNARCHIVED: 'Took the goal "{title}" back',
    ActivityKind.MILESTONE_CREATED: 'Set the milestone "{name}"',
    ActivityKind.MILESTONE_CHANGED: 'Changed the milestone "{name}": {fields}',
    ActivityKind.MILESTONE_REACHED: 'The milestone "{name}" was reached on {reached_on}',
    ActivityKind.MILESTONE_ARCHIVED: 'Archived the milestone "{name}"',
    ActivityKind.MILESTONE_UNARCHIVED: 'Took the milestone "{name}" back',
}
_FIELDS_SHOWN = 5


def sentence(kind: ActivityKind, detail: Mapping[str, Any]) -> str:
    """What happened, as a sentence for people; a list of fields is cut after five."""
    return _SENTENCES[kind].format_map({name: _shown(value) for name, value in detail.items()})


def _shown(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    names = [str(name).partition(".")[2] or str(name) for name in value[:_FIELDS_SHOWN]]
    more = len(value) - _FIELDS_SHOWN
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
