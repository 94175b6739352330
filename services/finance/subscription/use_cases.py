"""What follows when subscriptions change: their spans, their ventures' revenue, the figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import SubscriptionKey, VentureKey, lock_subscriptions, lock_ventures, share
from services.finance.revenue import use_cases as revenue
from services.finance.revenue.rules import Changes, revenue_changes
from services.finance.subscription import store
from services.finance.subscription.rules import Span, spans
from services.finance.subscription.store import Spans
from services.finance.terms import Organizations, Terms, settled_organizations, terms_of
from shared.contracts.ingestion import SubscriptionChanged
from shared.kernel.periods import local_date, start_of_day

WHOLE = date.min
"""From the first day on."""

CHUNK = 1000
"""How many subscriptions are derived at a time."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A subscription whose spans differ from what was stored, and since which day."""

    key: SubscriptionKey
    before: Sequence[Span]
    after: Sequence[Span]
    since: date


async def record_changes(session: AsyncSession, events: Sequence[SubscriptionChanged]) -> None:
    """Store changes of subscriptions, and derive what follows from those that are news."""
    if not events:
        return
    organizations = await settled_organizations(session, {event.organization_id for event in events})
    news = await store.store_changes(session, events, organizations)
    touched: dict[SubscriptionKey, date] = {}
    traces: dict[SubscriptionKey, str | None] = {}
    for event in events:
        key = SubscriptionKey(event.organization_id, event.connection_id, event.subscription_id)
        if (*key, event.effective_at) in news and event.organization_id in organizations:
            zone = organizations[event.organization_id].time_zone
            touched[key] = min(_touched_since(event, zone), touched.get(key, date.max))
            traces[key] = _trace_of(event)
    if touched:
        await derive(session, touched, await terms_of(session, organizations), traces)


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
        await derive(session, dict.fromkeys(waiting[start : start + CHUNK], WHOLE), terms)


async def derive(
    session: AsyncSession,
    touched: Mapping[SubscriptionKey, date],
    terms: Terms,
    traces: Mapping[SubscriptionKey, str | None] | None = None,
) -> None:
    """Tell the spans of touched subscriptions again from a day on, and apply the difference to their ventures."""
    await share(session, {key.organization_id for key in touched})
    await lock_subscriptions(session, touched)
    moved = await respan(session, touched, terms)
    if not moved:
        return
    ventures = {
        VentureKey(one.key.organization_id, span.standing.venture_id): traces.get(one.key) if traces else None
        for one in moved
        for span in chain(one.before, one.after)
        if span.standing.venture_id is not None
    }
    await lock_ventures(session, ventures)
    changes = await _changes_of(session, moved)
    before, after = ({one.key: list(getattr(one, side)) for one in moved} for side in ("before", "after"))
    await store.replace_spans(session, before, after)
    await revenue.apply(session, changes, terms, ventures)


async def respan(session: AsyncSession, touched: Mapping[SubscriptionKey, date], terms: Terms) -> list[Moved]:
    """The touched subscriptions whose spans change, in order; their newest change is kept as well."""
    known = await store.spans_since(session, touched)
    reaching = {key: _reaching(known.get(key, ()), day) for key, day in touched.items()}
    # Without a span that reaches into the day there is nothing to continue from: the whole is told.
    since = {key: day if reaching[key] else WHOLE for key, day in touched.items()}
    instants = {
        key: store.ALWAYS if day == WHOLE else start_of_day(day, terms.zone(key.organization_id))
        for key, day in since.items()
    }
    stored = await store.changes_since(session, instants)
    await store.store_current(session, {key: rows[-1] for key, rows in stored.items()})
    moved: list[Moved] = []
    for key in sorted(touched):
        after = spans(
            [store.change_of(row) for row in stored.get(key, ())],
            terms.policy(key.organization_id),
            terms.zone(key.organization_id),
            since[key],
            reaching[key],
        )
        before = known.get(key, [])
        if after != before:
            moved.append(Moved(key, before, after, _first_difference(before, after)))
    return moved


async def recompute_spans(session: AsyncSession, organization_id: UUID, terms: Terms) -> int:
    """Tell every span of an organization again from its changes; gives how many rows moved."""
    moved_rows = 0
    keys = await store.keys_of(session, organization_id)
    for start in range(0, len(keys), CHUNK):
        moved = await respan(session, dict.fromkeys(keys[start : start + CHUNK], WHOLE), terms)
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


async def _changes_of(session: AsyncSession, moved: Sequence[Moved]) -> dict[VentureKey, Changes]:
    """What moved spans change in their ventures, each customer counted once over all its subscriptions."""
    customers: dict[tuple[UUID, str], date] = {}
    for one in moved:
        for span in chain(one.before, one.after):
            if span.standing.venture_id is not None:
                customer = (one.key.organization_id, span.standing.customer)
                customers[customer] = min(one.since, customers.get(customer, date.max))
    others: Spans = await store.paying_spans(session, customers) if customers else {}
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
