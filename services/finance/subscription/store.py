"""All SQL of subscriptions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import SubscriptionKey, key_columns
from services.finance.subscription.models import Subscription, SubscriptionChange, SubscriptionSpan
from services.finance.subscription.rules import (
    Change,
    Span,
    Standing,
    SubscriptionState,
    churned_at,
    customer_of,
    state_of,
)
from services.finance.terms import Organizations
from shared.contracts.ingestion import SubscriptionChanged, SubscriptionDiscount, SubscriptionItem
from shared.kernel.periods import local_date
from shared.platform.db.bulk import bulk_put, in_values, upserting
from shared.platform.db.driver import Rows, Statement, later, nothing
from shared.platform.db.whole import columns_of, rows_of

ALWAYS = datetime.min.replace(tzinfo=UTC)
_KEY = ("organization_id", "connection_id", "subscription_id")
_ITEMS = TypeAdapter(tuple[SubscriptionItem, ...])
_DISCOUNTS = TypeAdapter(tuple[SubscriptionDiscount, ...])

# Columns, not entities: the derivations write in bulk, which entities of the session would not notice.
_SPAN_COLUMNS = tuple(SubscriptionSpan.__table__.c)

Spans = dict[SubscriptionKey, list[Span]]
"""Spans by subscription, in order of day."""


def churn_of(event: SubscriptionChanged) -> datetime | None:
    """When the subscription ended, by this change; None while it has not churned."""
    return churned_at(
        state_of(event.status, paused=event.paused, deleted=event.deleted),
        effective_at=event.effective_at,
        ended_at=event.ended_at,
        cancel_at_period_end=event.cancel_at_period_end,
        current_period_end=event.current_period_end,
    )


def storing_changes(
    events: Sequence[SubscriptionChanged], organizations: Organizations
) -> Statement[set[tuple[Any, ...]]]:
    """Keep the highest revision of each change; gives the natural keys of those that were news."""
    rows = [_change_row(event, organizations) for event in events]
    upsert = upserting(SubscriptionChange, rows, key=(*_KEY, "effective_at"), newer_by="revision")
    return Statement(upsert.query, upsert.parameters, lambda found: {tuple(row) for row in found})


def _change_row(event: SubscriptionChanged, organizations: Organizations) -> dict[str, Any]:
    organization = organizations.get(event.organization_id)
    plain = event.model_dump(exclude={"items", "discounts", "unresolved_discounts", "evidence"})
    return plain | {
        "effective_on": local_date(event.effective_at, organization.time_zone) if organization else None,
        "churned_at": churn_of(event),
        "items": [item.model_dump(mode="json") for item in event.items],
        "discounts": [discount.model_dump(mode="json") for discount in event.discounts],
        "unresolved_discounts": list(event.unresolved_discounts),
        "evidence": list(event.evidence),
    }


async def date_changes(session: AsyncSession, organizations: Organizations) -> None:
    """Give changes their local day that came before their organization's time zone was known."""
    undated = select(SubscriptionChange).where(
        in_values([SubscriptionChange.organization_id], [(identity,) for identity in organizations]),
        SubscriptionChange.effective_on.is_(None),
    )
    for row in await session.scalars(undated):
        row.effective_on = local_date(row.effective_at, organizations[row.organization_id].time_zone)
    await session.flush()


async def underived(session: AsyncSession, organizations: Iterable[UUID]) -> list[SubscriptionKey]:
    """Subscriptions with changes, of which nothing was derived yet."""
    derived = exists().where(*(getattr(Subscription, name) == getattr(SubscriptionChange, name) for name in _KEY))
    statement = (
        select(*(getattr(SubscriptionChange, name) for name in _KEY))
        .distinct()
        .where(in_values([SubscriptionChange.organization_id], [(identity,) for identity in organizations]), ~derived)
    )
    return sorted(SubscriptionKey(*row) for row in await session.execute(statement))


async def keys_of(session: AsyncSession, organization_id: UUID) -> list[SubscriptionKey]:
    """Every subscription of an organization that has changes or spans."""
    found: set[SubscriptionKey] = set()
    for model in (SubscriptionChange, SubscriptionSpan):
        columns = [getattr(model, name) for name in _KEY]
        rows = await session.execute(select(*columns).distinct().where(model.organization_id == organization_id))
        found.update(SubscriptionKey(*row) for row in rows)
    return sorted(found)


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in _KEY)


_CHANGES_SINCE = f"""
    SELECT * FROM (
        SELECT {columns_of(SubscriptionChange, "c")},
               row_number() OVER (PARTITION BY {", ".join(f"c.{name}" for name in (*_KEY, "effective_on"))}
                                  ORDER BY c.effective_at DESC) AS place
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[], %s::timestamptz[])
               AS asked (organization_id, connection_id, subscription_id, day, since)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN EXISTS (
                SELECT FROM subscription_spans s
                WHERE {_same("s", "asked")} AND s.day < asked.day AND s.until >= asked.day
            ) THEN asked.since ELSE %s::timestamptz END AS since
        ) told
        CROSS JOIN LATERAL (
            SELECT coalesce(max(e.effective_at), %s::timestamptz) AS since
            FROM subscription_changes e WHERE {_same("e", "asked")} AND e.effective_at < told.since
        ) in_force
        JOIN subscription_changes c ON {_same("c", "asked")} AND c.effective_at >= in_force.since
    ) ranked
    WHERE place = 1 OR churned_at IS NOT NULL
    ORDER BY effective_at
""".encode()  # noqa: S608 - names of declared columns


def changes_since(
    days: Mapping[SubscriptionKey, date], instants: Mapping[SubscriptionKey, datetime]
) -> Statement[dict[SubscriptionKey, list[Any]]]:
    """The changes that decide a subscription's days since one that begins at an instant, in order.

    The one in force at the instant comes first; without a span that reaches into the day there is nothing to
    continue from, and all come. Only the last change of a local day can decide how the day ends; a churn can also
    reach back. What is in force is found once for each subscription (lateral), not once for each of its changes.
    """
    columns = key_columns([(*key, day, instants[key]) for key, day in days.items()], 5)
    always = ALWAYS.isoformat()

    def load(rows: Rows) -> dict[SubscriptionKey, list[Any]]:
        found: dict[SubscriptionKey, list[Any]] = defaultdict(list)
        for row in rows_of(SubscriptionChange, "place")(rows):
            found[SubscriptionKey(row.organization_id, row.connection_id, row.subscription_id)].append(row)
        return found

    return Statement(_CHANGES_SINCE, (*columns, always, always), load)


def change_of(row: Any) -> Change:
    """A stored change as the rules take it."""
    return Change(
        effective_at=row.effective_at,
        status=row.status,
        currency=row.currency,
        customer=customer_of(row.account_id, row.connection_id, row.customer_id, row.subscription_id),
        account_id=row.account_id,
        venture_id=row.venture_id,
        paused=row.paused,
        deleted=row.deleted,
        churned_at=row.churned_at,
        items=_ITEMS.validate_python(row.items),
        discounts=_DISCOUNTS.validate_python(row.discounts),
    )


def _span_of(row: Any) -> Span:
    standing = Standing(
        venture_id=row.venture_id,
        account_id=row.account_id,
        customer=row.customer,
        currency=row.currency,
        state=SubscriptionState(row.state),
        mrr=row.mrr,
    )
    return Span(row.day, row.until, standing, row.effective_at)


def _spans(rows: Rows) -> Spans:
    found: Spans = defaultdict(list)
    for row in rows_of(SubscriptionSpan)(rows):
        found[SubscriptionKey(row.organization_id, row.connection_id, row.subscription_id)].append(_span_of(row))
    return found


_SPANS_SINCE = f"""
    SELECT {columns_of(SubscriptionSpan, "s")}
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[])
           AS asked (organization_id, connection_id, subscription_id, since)
    JOIN subscription_spans s ON {_same("s", "asked")} AND s.until >= asked.since
    ORDER BY s.day
""".encode()  # noqa: S608 - names of declared columns


def spans_since(since: Mapping[SubscriptionKey, date]) -> Statement[Spans]:
    """The spans of subscriptions that reach a day or begin after it, those that end on it included."""
    return Statement(_SPANS_SINCE, key_columns([(*key, day) for key, day in since.items()], 4), _spans)


async def spans_of(session: AsyncSession, organization_id: UUID) -> list[Span]:
    """Every span of an organization."""
    statement = select(*_SPAN_COLUMNS).where(SubscriptionSpan.organization_id == organization_id)
    return [_span_of(row) for row in await session.execute(statement)]


_PAYING_SPANS = f"""
    SELECT {columns_of(SubscriptionSpan, "s")}
    FROM unnest(%s::uuid[], %s::text[], %s::date[]) AS asked (organization_id, customer, since)
    JOIN subscription_spans s ON s.organization_id = asked.organization_id AND s.customer = asked.customer
      AND s.until > asked.since AND s.mrr > 0
    ORDER BY s.day
""".encode()  # noqa: S608 - names of declared columns


def paying_spans(since: Mapping[tuple[UUID, str], date]) -> Statement[Spans]:
    """The spans with MRR of customers (organization, customer) that reach beyond a day."""
    return Statement(_PAYING_SPANS, key_columns([(*customer, day) for customer, day in since.items()], 3), _spans)


_FORGET_SPANS = f"""
    DELETE FROM subscription_spans s
    USING unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[])
            AS gone (organization_id, connection_id, subscription_id, day)
    WHERE {_same("s", "gone")} AND s.day = gone.day
""".encode()  # noqa: S608 - names of declared columns


async def replace_spans(session: AsyncSession, before: Spans, after: Spans) -> int:
    """Make the stored spans those of ``after``; gives the number of rows that were written or removed."""
    days = {(*key, span.day) for key, spans in after.items() for span in spans}
    gone = [(*key, span.day) for key, spans in before.items() for span in spans if (*key, span.day) not in days]
    same = {(key, span) for key, spans in before.items() for span in spans}
    rows = [_span_row(key, span) for key, spans in after.items() for span in spans if (key, span) not in same]
    if gone:
        await later(session, Statement(_FORGET_SPANS, key_columns(sorted(gone, key=str), 4), nothing))
    await bulk_put(session, SubscriptionSpan, rows, key=(*_KEY, "day"), newer_by=None)
    return len(gone) + len(rows)


def _span_row(key: SubscriptionKey, span: Span) -> dict[str, Any]:
    standing = span.standing
    return key._asdict() | {
        "day": span.day,
        "until": span.until,
        "venture_id": standing.venture_id,
        "account_id": standing.account_id,
        "customer": standing.customer,
        "currency": standing.currency,
        "state": standing.state.value,
        "mrr": standing.mrr,
        "effective_at": span.effective_at,
    }


_CURRENT = [name for name in Subscription.__table__.columns.keys() if name not in _KEY]  # noqa: SIM118 - no mapping


async def store_current(session: AsyncSession, newest: Mapping[SubscriptionKey, Any]) -> None:
    """Keep each subscription's newest change."""
    rows = [key._asdict() | {name: getattr(row, name) for name in _CURRENT} for key, row in newest.items()]
    await bulk_put(session, Subscription, rows, key=_KEY, newer_by=None, unless_same=_CURRENT)


def listed(
    organization_id: UUID,
    today: date,
    *,
    venture_id: UUID | None,
    account_id: UUID | None,
    customer_id: str | None,
    status: str | None,
    state: SubscriptionState | None,
    shared: bool | None,
) -> Select[Any]:
    """Subscriptions with the span that holds today: (subscription, its day, state, MRR)."""
    holds = and_(
        *(getattr(SubscriptionSpan, name) == getattr(Subscription, name) for name in _KEY),
        SubscriptionSpan.day <= today,
        SubscriptionSpan.until > today,
    )
    statement: Select[Any] = (
        select(Subscription)
        .outerjoin(SubscriptionSpan, holds)
        .add_columns(SubscriptionSpan.day, SubscriptionSpan.state, SubscriptionSpan.mrr)
        .where(Subscription.organization_id == organization_id)
    )
    wanted: dict[Any, Any] = {
        Subscription.venture_id: venture_id,
        Subscription.account_id: account_id,
        Subscription.customer_id: customer_id,
        Subscription.status: status,
        SubscriptionSpan.state: state.value if state else None,
    }
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    if shared is not None:
        of_none = Subscription.venture_id.is_(None)
        statement = statement.where(of_none if shared else ~of_none)
    return statement
