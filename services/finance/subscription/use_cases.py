"""What follows when subscriptions change: their spans, their ventures' revenue, the figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import SubscriptionKey, VentureKey, locking_subscriptions, locking_ventures, sharing
from services.finance.metric.rules import history_from
from services.finance.metric.store import calculated_since
from services.finance.revenue import store as revenue_store
from services.finance.revenue import use_cases as revenue
from services.finance.revenue.rules import Changes, revenue_changes
from services.finance.subscription import store
from services.finance.subscription.rules import Span, spans
from services.finance.subscription.store import Spans
from services.finance.terms import Organizations, Terms, terms_of
from shared.contracts.ingestion import SubscriptionChanged
from shared.kernel.periods import local_date, start_of_day
from shared.platform.db.driver import Statement, run

WHOLE = date.min
"""From the first day on."""

CHUNK = 1000
"""How many subscriptions are derived at a time."""


class Known(NamedTuple):
    """What is stored of touched subscriptions since a day: their spans, and the changes that decide them."""

    spans: Spans
    changes: Mapping[SubscriptionKey, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Moved:
    """A subscription whose spans differ from what was stored, and since which day."""

    key: SubscriptionKey
    before: Sequence[Span]
    after: Sequence[Span]
    since: date


async def record_changes(session: AsyncSession, events: Sequence[SubscriptionChanged], terms: Terms) -> None:
    """Store changes of subscriptions, and derive what follows from those that are news."""
    if not events:
        return
    dated = [event for event in events if event.organization_id in terms.organizations]
    since: dict[SubscriptionKey, date] = {}
    for event in dated:
        day = _touched_since(event, terms.zone(event.organization_id))
        since[_key_of(event)] = min(day, since.get(_key_of(event), date.max))
    storing = store.storing_changes(events, terms.organizations)
    news, *found = await run(session, storing, *_readings(since, terms))
    traces = {_key_of(event): _trace_of(event) for event in dated if (*_key_of(event), event.effective_at) in news}
    if traces:
        touched = {key: since[key] for key in traces}
        await derive(session, touched, Known(*found[2:]), terms, traces)


def _key_of(event: SubscriptionChanged) -> SubscriptionKey:
    return SubscriptionKey(event.organization_id, event.connection_id, event.subscription_id)


def _trace_of(event: SubscriptionChanged) -> str | None:
    """The trace that a figure continues: that of the last event behind it."""
    try:
        return event.delivery.traceparent
    except LookupError:
        return None


def _touched_since(event: SubscriptionChanged, time_zone: str) -> date:
    """The first local day that a change can concern; a correction of a known one can concern all days."""
    if event.revision > 1:
        return WHOLE
    ended = store.churn_of(event)
    return local_date(event.effective_at if ended is None else min(event.effective_at, ended), time_zone)


async def derive_underived(session: AsyncSession, organizations: Organizations) -> None:
    """Derive what was stored before its organization was known."""
    await store.date_changes(session, organizations)
    waiting = await store.underived(session, organizations)
    terms = await terms_of(session, organizations)
    for start in range(0, len(waiting), CHUNK):
        touched = dict.fromkeys(waiting[start : start + CHUNK], WHOLE)
        found = await run(session, *_readings(touched, terms))
        await derive(session, touched, Known(*found[2:]), terms)


def _readings(touched: Mapping[SubscriptionKey, date], terms: Terms) -> tuple[Statement[Any], ...]:
    """Lock touched subscriptions, then read what is stored of them since a day."""
    instants = {
        key: store.ALWAYS if day == WHOLE else start_of_day(day, terms.zone(key.organization_id))
        for key, day in touched.items()
    }
    return (
        sharing({key.organization_id for key in touched}),
        locking_subscriptions(touched),
        store.spans_since(touched),
        store.changes_since(touched, instants),
    )


async def derive(
    session: AsyncSession,
    touched: Mapping[SubscriptionKey, date],
    known: Known,
    terms: Terms,
    traces: Mapping[SubscriptionKey, str | None] | None = None,
) -> None:
    """Tell the spans of (locked) subscriptions again from a day on, and apply the difference to their ventures."""
    moved = await respan(session, touched, known, terms)
    if not moved:
        return
    ventures: dict[VentureKey, str | None] = {}
    since: dict[VentureKey, date] = {}
    for one in moved:
        for span in chain(one.before, one.after):
            if span.standing.venture_id is not None:
                venture = VentureKey(one.key.organization_id, span.standing.venture_id)
                ventures[venture] = traces.get(one.key) if traces else None
                since[venture] = min(one.since, since.get(venture, date.max))
    _locked, others, days, calculated = await run(
        session,
        locking_ventures(ventures),
        store.paying_spans(_customers(moved)),
        revenue_store.days_since({venture: history_from(day) for venture, day in since.items()}),
        calculated_since(since),
    )
    changes = _changes_of(moved, others)
    before, after = ({one.key: list(getattr(one, side)) for one in moved} for side in ("before", "after"))
    await store.replace_spans(session, before, after)
    known_days = revenue_store.venture_days(days, terms)
    await revenue.apply(session, changes, known_days, calculated, terms=terms, traces=ventures)


async def respan(
    session: AsyncSession, touched: Mapping[SubscriptionKey, date], known: Known, terms: Terms
) -> list[Moved]:
    """The touched subscriptions whose spans change, in order; their newest change is kept as well."""
    await store.store_current(session, {key: rows[-1] for key, rows in known.changes.items() if key in touched})
    moved: list[Moved] = []
    for key in sorted(touched):
        before = known.spans.get(key, [])
        reaching = _reaching(before, touched[key])
        after = spans(
            [store.change_of(row) for row in known.changes.get(key, ())],
            terms.policy(key.organization_id),
            terms.zone(key.organization_id),
            # Without a span that reaches into the day there is nothing to continue from: the whole is told.
            touched[key] if reaching else WHOLE,
            reaching,
        )
        if after != before:
            moved.append(Moved(key, before, after, _first_difference(before, after)))
    return moved


async def recompute_spans(session: AsyncSession, organization_id: UUID, terms: Terms) -> int:
    """Tell every span of an organization again from its changes; gives how many rows moved."""
    moved_rows = 0
    keys = await store.keys_of(session, organization_id)
    for start in range(0, len(keys), CHUNK):
        touched = dict.fromkeys(keys[start : start + CHUNK], WHOLE)
        found = await run(session, *_readings(touched, terms)[2:])
        moved = await respan(session, touched, Known(*found), terms)
        before, after = ({one.key: list(getattr(one, side)) for one in moved} for side in ("before", "after"))
        moved_rows += await store.replace_spans(session, before, after)
    return moved_rows


def _reaching(known: Sequence[Span], day: date) -> Span | None:
    """The span that a subscription has at the start of a day."""
    return next((span for span in known if span.day < day <= span.until), None)


def _first_difference(before: Sequence[Span], after: Sequence[Span]) -> date:
    for old, new in zip_longest(before, after):
        if old is None or new is None:
            return (old or new).day
        if old != new:
            alike = old.day == new.day and old.standing == new.standing
            return min(old.until, new.until) if alike else min(old.day, new.day)
    raise ValueError("there is no difference")


def _customers(moved: Sequence[Moved]) -> dict[tuple[UUID, str], date]:
    """The customers (organization, customer) of moved spans, each with the first day that differs."""
    customers: dict[tuple[UUID, str], date] = {}
    for one in moved:
        for span in chain(one.before, one.after):
            if span.standing.venture_id is not None:
                customer = (one.key.organization_id, span.standing.customer)
                customers[customer] = min(one.since, customers.get(customer, date.max))
    return customers


def _changes_of(moved: Sequence[Moved], others: Spans) -> dict[VentureKey, Changes]:
    """What moved spans change in their ventures, each customer counted once over all its subscriptions.

    ``others`` are all paying spans of the customers that reach beyond the first day that differs.
    """
    replaced = {(one.key, span.day) for one in moved for span in one.before}
    found: dict[VentureKey, Changes] = {}
    for organization_id in sorted({one.key.organization_id for one in moved}):
        mine = [one for one in moved if one.key.organization_id == organization_id]
        changes = revenue_changes(
            [span for one in mine for span in one.before],
            [span for one in mine for span in one.after],
            _untouched(others, organization_id, replaced),
        )
        found |= {VentureKey(organization_id, venture_id): days for venture_id, days in changes.items()}
    return found


def _untouched(others: Spans, organization_id: UUID, replaced: Collection[tuple[SubscriptionKey, date]]) -> list[Span]:
    """What stays as it is: spans of other subscriptions, and earlier ones of those that moved."""
    return [
        span
        for key, known in others.items()
        if key.organization_id == organization_id
        for span in known
        if (key, span.day) not in replaced
    ]
