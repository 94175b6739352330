"""What a subscription was, day by day (06-finance, Revenue).

A change says how a subscription stands from its instant on. Read in order, changes become *spans*:
half-open runs of local days on which the subscription ends the day the same way. A change, a
discount that starts or ends, and the end of a canceled subscription are where a span can break.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from services.finance.mrr.rules import recurring_revenue
from services.finance.policy.rules import MetricPolicy
from shared.contracts.ingestion import SubscriptionDiscount, SubscriptionItem
from shared.kernel.periods import local_date

FOREVER = date.max
"""The end of a span that has no end yet."""


class SubscriptionState(StrEnum):
    """What a subscription counts as; only an active one has MRR."""

    ACTIVE = "active"
    TRIAL = "trial"
    PAUSED = "paused"
    CHURNED = "churned"
    NEVER_STARTED = "never_started"
    UNKNOWN = "unknown"


_BY_STATUS = {
    "active": SubscriptionState.ACTIVE,
    "past_due": SubscriptionState.ACTIVE,
    "trialing": SubscriptionState.TRIAL,
    "paused": SubscriptionState.PAUSED,
    "unpaid": SubscriptionState.CHURNED,
    "canceled": SubscriptionState.CHURNED,
    "incomplete": SubscriptionState.NEVER_STARTED,
    "incomplete_expired": SubscriptionState.NEVER_STARTED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """A subscription from ``effective_at`` on, until its next change."""

    effective_at: datetime
    status: str
    currency: str
    customer: str
    account_id: UUID | None = None
    venture_id: UUID | None = None
    paused: bool = False
    deleted: bool = False
    churned_at: datetime | None = None
    items: tuple[SubscriptionItem, ...] = ()
    discounts: tuple[SubscriptionDiscount, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a subscription amounts to: whose it is, what it counts as, and its MRR."""

    venture_id: UUID | None
    account_id: UUID | None
    customer: str
    currency: str
    state: SubscriptionState
    mrr: Decimal


@dataclass(frozen=True, slots=True)
class Span:
    """Local days ``day <= d < until`` which the subscription ends with the same standing.

    ``effective_at`` names the change that began it (its evidence).
    """

    day: date
    until: date
    standing: Standing
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """From an instant on, a subscription stands like this."""

    at: datetime
    standing: Standing
    effective_at: datetime


def customer_of(account_id: UUID | None, connection_id: UUID, customer_id: str | None, subscription_id: str) -> str:
    """Who counts as one customer: the linked account, else the provider's customer."""
    if account_id is not None:
        return f"account:{account_id}"
    if customer_id is not None:
        return f"customer:{connection_id}:{customer_id}"
    return f"subscription:{connection_id}:{subscription_id}"


def state_of(status: str, *, paused: bool, deleted: bool) -> SubscriptionState:
    """What a provider's status counts as.

    past_due still counts; a set ``pause_collection`` pauses what would count or is on trial; unpaid,
    canceled and deleted have churned; what stayed incomplete never existed. A status of the future
    counts nothing and is shown as unknown.
    """
    state = _BY_STATUS.get(status, SubscriptionState.UNKNOWN)
    if state is SubscriptionState.NEVER_STARTED:
        return state
    if deleted:
        return SubscriptionState.CHURNED
    if paused and state in (SubscriptionState.ACTIVE, SubscriptionState.TRIAL):
        return SubscriptionState.PAUSED
    return state


def churned_at(
    state: SubscriptionState,
    *,
    effective_at: datetime,
    ended_at: datetime | None,
    cancel_at_period_end: bool,
    current_period_end: datetime | None,
) -> datetime | None:
    """When a churned subscription ended; None while it has not churned.

    ``ended_at`` decides; without it the period's end, but only with ``cancel_at_period_end``; else
    the change itself.
    """
    if state is not SubscriptionState.CHURNED:
        return None
    if ended_at is not None:
        return ended_at
    if cancel_at_period_end and current_period_end is not None:
        return current_period_end
    return effective_at


def standing_of(change: Change, at: datetime, state: SubscriptionState, policy: MetricPolicy) -> Standing:
    """A change's standing at an instant, under a state."""
    counts = state is SubscriptionState.ACTIVE
    return Standing(
        venture_id=change.venture_id,
        account_id=change.account_id,
        customer=change.customer,
        currency=change.currency,
        state=state,
        mrr=recurring_revenue(change.items, change.discounts, at, policy) if counts else Decimal(0),
    )


def _while_active(change: Change, end: datetime | None, policy: MetricPolicy) -> Iterator[Breakpoint]:
    """A change that counts, broken where its discounts start or end."""
    edges = {edge for discount in change.discounts for edge in (discount.start, discount.end) if edge is not None}
    inside = sorted(edge for edge in edges if edge > change.effective_at and (end is None or edge < end))
    for at in (change.effective_at, *inside):
        yield Breakpoint(at, standing_of(change, at, SubscriptionState.ACTIVE, policy), change.effective_at)


def breakpoints(changes: Sequence[Change], policy: MetricPolicy) -> list[Breakpoint]:
    """The changes of one subscription, in order, as the instants at which its standing can change.

    A churn that is dated before its own change takes back what stood in between; one that is dated
    after it keeps counting until then.
    """
    found: list[Breakpoint] = []
    for change, following in pairwise([*changes, None]):
        assert change is not None, "only the last follower is missing"
        end = following.effective_at if following else None
        state = state_of(change.status, paused=change.paused, deleted=change.deleted)
        ended = change.churned_at
        if ended is not None and ended > change.effective_at:
            stop = ended if end is None else min(ended, end)
            found.extend(_while_active(change, stop, policy))
            if stop < ended:
                continue
        elif ended is None and state is SubscriptionState.ACTIVE:
            found.extend(_while_active(change, end, policy))
            continue
        at = change.effective_at if ended is None else ended
        while found and found[-1].at >= at:
            found.pop()
        found.append(Breakpoint(at, standing_of(change, at, state, policy), change.effective_at))
    return found


def spans(
    changes: Sequence[Change],
    policy: MetricPolicy,
    time_zone: str,
    from_day: date | None = None,
    before: Span | None = None,
) -> list[Span]:
    """The spans of one subscription from a local day on (None: all of them).

    ``changes`` are in order of ``effective_at`` and begin with the one in force when ``from_day``
    began. ``before`` is the known span that reaches into ``from_day``; it comes first in the answer,
    ended where its standing ends. The last breakpoint of a local day decides how the day ends.
    """
    last_of_day: dict[date, Breakpoint] = {}
    for point in breakpoints(changes, policy):
        last_of_day[local_date(point.at, time_zone)] = point
    told = [before] if before is not None else []
    for day, point in sorted(last_of_day.items()):
        if from_day is not None and day < from_day:
            continue
        if told and told[-1].standing == point.standing:
            continue
        told.append(Span(day, FOREVER, point.standing, point.effective_at))
    return _closed(told)


def _closed(told: Iterable[Span]) -> list[Span]:
    """Spans in order of day, each ended where the next begins."""
    return [
        replace(span, until=FOREVER if following is None else following.day)
        for span, following in pairwise([*told, None])
        if span is not None
    ]
