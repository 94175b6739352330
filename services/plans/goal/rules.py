"""Which goals can be set, and what can be done with one."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.plans.plan.rules import SECTIONS
from shared.contracts.plans import GoalStatus
from shared.kernel.errors import field_error

SECTION_NAMES = tuple(section.name for section in SECTIONS)


class GoalAction(StrEnum):
    """What can be done with a goal."""

    REACH = "reach"
    DROP = "drop"
    REOPEN = "reopen"


_NEXT = {
    (GoalStatus.OPEN, GoalAction.REACH): GoalStatus.REACHED,
    (GoalStatus.OPEN, GoalAction.DROP): GoalStatus.DROPPED,
    (GoalStatus.REACHED, GoalAction.REOPEN): GoalStatus.OPEN,
    (GoalStatus.DROPPED, GoalAction.REOPEN): GoalStatus.OPEN,
}


def after(status: GoalStatus, action: GoalAction) -> GoalStatus | None:
    """The status that an action leads to; None when it is not possible."""
    return _NEXT.get((status, action))


def allowed_actions(status: GoalStatus, *, archived: bool) -> list[str]:
    """What can be done with a goal as it is."""
    if archived:
        return ["unarchive"]
    return ["update", *(action.value for known, action in _NEXT if known is status), "archive"]


def measure_objections(
    metric: str | None, number: Decimal | None, number_name: str, known: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Why a metric and the number wanted of it cannot stand: both or none, and a metric that is measured."""
    if metric is None and number is not None:
        yield field_error("metric", f"say which metric shall reach the {number_name}")
    if metric is not None and number is None:
        yield field_error(number_name, f"a metric needs its {number_name}")
    if metric is not None and metric not in known:
        own = "a custom metric of the plan"
        yield field_error("metric", f"there is no metric {metric}; take one of {', '.join(sorted(known))}, or {own}")
