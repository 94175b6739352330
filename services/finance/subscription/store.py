"""All SQL of subscriptions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Date, DateTime, Row, Select, Text, Uuid, and_, delete, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import TableValuedAlias

from services.finance.keys import SubscriptionKey, given
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
from shared.platform.db.bulk import bulk_upsert, in_values

ALWAYS = datetime.min.replace(tzinfo=UTC)
_KEY = ("organization_id", "connection_id", "subscription_id")
_KEY_TYPES = {"organization_id": Uuid(), "connection_id": Uuid(), "subscription_id": Text()}
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


async def store_changes(
    session: AsyncSession, events: Sequence[SubscriptionChanged], organizations: Organizations
) -> set[tuple[Any, ...]]:
    """Keep the highest revision of each change; gives the natural keys of those that were news."""
    rows = [_change_row(event, organizations) for event in events]
    key = (*_KEY, "effective_at")
    changed = await bulk_upsert(session, SubscriptionChange, rows, key=key, newer_by="revision")
    return {tuple(row) for row in changed}


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


def _same_subscription(model: Any, keys: TableValuedAlias) -> Any:
    return and_(*(getattr(model, name) == keys.c[name] for name in _KEY))


async def changes_since(
    session: AsyncSession, since: Mapping[SubscriptionKey, datetime]
) -> dict[SubscriptionKey, list[Row[Any]]]:
    """The changes that decide days since an instant, in order, the one in force at the instant first.

    Only the last change of a local day can decide how the day ends; a churn can also reach back.
    """
    keys = given([(*key, instant) for key, instant in since.items()], **_KEY_TYPES, since=DateTime(timezone=True))
    earlier = aliased(SubscriptionChange)
    # Lateral: found once for each subscription, not once for each of its changes.
    in_force = (
        select(func.coalesce(func.max(earlier.effective_at), ALWAYS).label("since"))
        .where(_same_subscription(earlier, keys), earlier.effective_at < keys.c.since)
        .lateral("in_force")
    )
    whole = SubscriptionChange.__table__.c
    place = func.row_number().over(
        partition_by=[*(whole[name] for name in _KEY), whole.effective_on], order_by=whole.effective_at.desc()
    )
    ranked = (
        select(*whole, place.label("place"))
        .select_from(keys)
        .join(in_force, true())
        .join(
            SubscriptionChange,
            and_(_same_subscription(SubscriptionChange, keys), whole.effective_at >= in_force.c.since),
        )
        .subquery()
    )
    statement = (
        select(ranked).where(or_(ranked.c.place == 1, ranked.c.churned_at.is_not(None))).order_by(ranked.c.effective_at)
    )
    found: dict[SubscriptionKey, list[Row[Any]]] = defaultdict(list)
    for row in await session.execute(statement):
        found[SubscriptionKey(row.organization_id, row.connection_id, row.subscription_id)].append(row)
    return found


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


def _span_of(row: Row[Any]) -> Span:
    standing = Standing(
        venture_id=row.venture_id,
        account_id=row.account_id,
        customer=row.customer,
        currency=row.currency,
        state=SubscriptionState(row.state),
        mrr=row.mrr,
    )
    return Span(row.day, row.until, standing, row.effective_at)


async def _spans(session: AsyncSession, statement: Select[Any]) -> Spans:
    found: Spans = defaultdict(list)
    for row in await session.execute(statement.order_by(SubscriptionSpan.day)):
        found[SubscriptionKey(row.organization_id, row.connection_id, row.subscription_id)].append(_span_of(row))
    return found


async def spans_since(session: AsyncSession, since: Mapping[SubscriptionKey, date]) -> Spans:
    """The spans of subscriptions that reach a day or begin after it, those that end on it included."""
    keys = given([(*key, day) for key, day in since.items()], **_KEY_TYPES, since=Date())
    statement = select(*_SPAN_COLUMNS).join(keys, _same_subscription(SubscriptionSpan, keys))
    return await _spans(session, statement.where(SubscriptionSpan.until >= keys.c.since))


async def spans_of(session: AsyncSession, organization_id: UUID) -> list[Span]:
    """Every span of an organization."""
    statement = select(*_SPAN_COLUMNS).where(SubscriptionSpan.organization_id == organization_id)
    return [_span_of(row) for row in await session.execute(statement)]


async def paying_spans(session: AsyncSession, since: Mapping[tuple[UUID, str], date]) -> Spans:
    """The spans with MRR of customers (organization, customer) that reach beyond a day."""
    keys = given(
        [(*customer, day) for customer, day in since.items()], organization_id=Uuid(), customer=Text(), since=Date()
    )
    statement = select(*_SPAN_COLUMNS).join(
        keys,
        and_(SubscriptionSpan.organization_id == keys.c.organization_id, SubscriptionSpan.customer == keys.c.customer),
    )
    statement = statement.where(SubscriptionSpan.until > keys.c.since, SubscriptionSpan.mrr > 0)
    return await _spans(session, statement)


async def replace_spans(session: AsyncSession, before: Spans, after: Spans) -> int:
    """Make the stored spans those of ``after``; gives the number of rows that were written or removed."""
    days = {(*key, span.day) for key, spans in after.items() for span in spans}
    gone = [(*key, span.day) for key, spans in before.items() for span in spans if (*key, span.day) not in days]
    same = {(key, span) for key, spans in before.items() for span in spans}
    rows = [_span_row(key, span) for key, spans in after.items() for span in spans if (key, span) not in same]
    columns = [getattr(SubscriptionSpan, name) for name in (*_KEY, "day")]
    if gone:
        await session.execute(delete(SubscriptionSpan).where(in_values(columns, sorted(gone, key=str))))
    await bulk_upsert(session, SubscriptionSpan, rows, key=(*_KEY, "day"), newer_by=None)
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


async def store_current(session: AsyncSession, newest: Mapping[SubscriptionKey, Any]) -> int:
    """Keep each subscription's newest change; gives how many rows changed."""
    rows = [key._asdict() | {name: getattr(row, name) for name in _CURRENT} for key, row in newest.items()]
    changed = await bulk_upsert(session, Subscription, rows, key=_KEY, newer_by=None, unless_same=_CURRENT)
    return len(changed)


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
