"""What becomes of the open alert of a venture and type when the deviation changes.

Which alerts are open is a function of the facts, the dismissals and the open month; in which order the
facts came does not matter.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.sync.alert.rules.finding import Finding
from shared.contracts.sync import Severity


class Verdict(StrEnum):
    """What becomes of the open alert of a venture and type."""

    KEEP = "keep"
    RAISE = "raised"
    UPDATE = "updated"
    RESOLVE = "resolved"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the stored alerts of a venture and type mean for the next one.

    ``said`` is what the open alert says; ``quiet_up_to`` the highest severity dismissed in the open month.
    """

    said: Finding | None = None
    quiet_up_to: Severity | None = None


def judge(finding: Finding | None, standing: Standing) -> Verdict:
    """Decide about an alert.

    A dismissed deviation stays quiet until its severity rises or the next month begins; it is
    quiet again when the severity falls back, so that the outcome is the same in whichever order the
    observations came.
    """
    due = finding is not None and (standing.quiet_up_to is None or finding.severity.rank > standing.quiet_up_to.rank)
    if not due:
        return Verdict.RESOLVE if standing.said is not None else Verdict.KEEP
    if standing.said is None:
        return Verdict.RAISE
    return Verdict.KEEP if standing.said == finding else Verdict.UPDATE


def is_silent(newest: date | None, said: Finding | None, open_month: date) -> bool:
    """Whether the newest observation of a kind is too old to raise or resolve anything.

    Observations before the open month are compared silently. An alert whose own observation was
    withdrawn (it is dated after the newest one that is left) has lost its ground, and is judged.
    """
    if newest is not None and newest >= open_month:
        return False
    if said is None or said.observed_on is None:
        return True
    return newest is not None and said.observed_on <= newest
