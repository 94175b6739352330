"""All SQL of mirrored objects. Mirrors are read and written by batches, without their states where possible."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Text, Uuid, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.ledger.rules import Seen
from services.ingestion.stripe_object.models import StripeObject
from services.ingestion.stripe_object.rules.mirror import Mirror
from services.ingestion.stripe_object.rules.observation import Observation
from services.ingestion.stripe_object.rules.touched import MONEY_TYPES, Key, Named, Place
from shared.platform.db.bulk import bulk_upsert, in_values

KEY_COLUMNS = ("organization_id", "connection_id", "object_type", "object_id", "since")
_KEY = (
    StripeObject.organization_id,
    StripeObject.connection_id,
    StripeObject.object_type,
    StripeObject.object_id,
    StripeObject.since,
)
_SLIM = (
    StripeObject.second,
    StripeObject.direct,
    StripeObject.event_id,
    StripeObject.event_type,
    StripeObject.facts,
    StripeObject.marks,
    StripeObject.evidence,
)


async def mirrors(session: AsyncSession, keys: Collection[Key], full: Collection[Key]) -> dict[Key, Mirror]:
    """The stored mirrors of some keys. Only those in ``full`` have states, previous attributes and rivals."""
    if not keys:
        return {}
    found = await session.execute(select(*_KEY, *_SLIM).where(in_values(_KEY, list(keys))))
    known = {tuple(row[:5]): _mirror(row, {}, None, []) for row in found}
    if full:
        whole = select(*_KEY, *_SLIM, StripeObject.state, StripeObject.previous, StripeObject.rivals)
        for row in await session.execute(whole.where(in_values(_KEY, list(full)))):
            known[tuple(row[:5])] = _mirror(row, row.state, row.previous, row.rivals)
    return known


def _mirror(row: Any, state: dict[str, Any], previous: dict[str, Any] | None, rivals: list[Any]) -> Mirror:
    def observed(event_id: str, event_type: str, *content: Any) -> Observation:
        state, facts, previous = content
        return Observation(
            row.object_type,
            row.object_id,
            row.second,
            event_id,
            event_type,
            state,
            facts,
            direct=row.direct,
            previous=previous,
        )

    return Mirror(
        newest=observed(row.event_id, row.event_type, state, row.facts, previous),
        rivals=tuple(
            observed(each["event_id"], each["event_type"], each["state"], each["facts"], each["previous"])
            for each in rivals
        ),
        marks=row.marks,
        evidence=[(second, event_id) for second, event_id in row.evidence],
    )


async def write_whole(session: AsyncSession, found: Mapping[Key, Mirror], now: datetime) -> None:
    """Write mirrors whose newest state is known here."""
    rows = [dict(zip(KEY_COLUMNS, key, strict=True)) | _columns(mirror, now) for key, mirror in found.items()]
    await bulk_upsert(session, StripeObject, rows, key=KEY_COLUMNS, newer_by=None)


def _columns(mirror: Mirror, now: datetime) -> dict[str, Any]:
    newest, facts = mirror.newest, mirror.facts
    return {
        "second": newest.second,
        "direct": newest.direct,
        "event_id": newest.event_id,
        "event_type": newest.event_type,
        "previous": newest.previous,
        "state": newest.state,
        "facts": facts,
        "marks": mirror.marks,
        "rivals": [
            {
                "event_id": rival.event_id,
                "event_type": rival.event_type,
                "state": rival.state,
                "facts": rival.facts,
                "previous": rival.previous,
            }
            for rival in mirror.rivals
        ],
        "evidence": mirror.evidence,
        "group_key": _group_key(newest),
        "coupon_id": facts.get("coupon_id"),
        "account_claim": _customers(newest, facts.get("account")),
        "venture_claim": _customers(newest, facts.get("venture")),
        "deleted_second": mirror.marks.get("deleted"),
        "mirrored_at": now,
    }


def _group_key(newest: Observation) -> str | None:
    """By what related objects are found: the payment (its intent, else its charge), or a discount's customer."""
    facts = newest.facts
    if newest.object_type == "discount":
        customer: str | None = facts["customer"]
        return customer
    if newest.object_type == "payment_intent":
        return newest.object_id
    if newest.object_type == "charge":
        return facts["intent"] or newest.object_id
    if newest.object_type in ("refund", "dispute", "invoice_paid", "invoice_payment", "balance_transaction"):
        return facts.get("intent") or facts.get("charge") or newest.object_id
    return None


def _customers(newest: Observation, claim: str | None) -> UUID | None:
    return UUID(claim) if claim and newest.object_type == "customer" else None


async def write_marks(session: AsyncSession, found: Mapping[Key, Mirror], now: datetime) -> None:
    """Write what older observations add to mirrors whose newest state stays."""
    if not found:
        return
    columns: list[tuple[str, Any, list[Any]]] = [
        ("organizations", Uuid(), [key[0] for key in found]),
        ("connections", Uuid(), [key[1] for key in found]),
        ("types", Text(), [key[2] for key in found]),
        ("names", Text(), [key[3] for key in found]),
        ("sinces", BigInteger(), [key[4] for key in found]),
        ("marks", Text(), [orjson.dumps(mirror.marks).decode() for mirror in found.values()]),
        ("evidence", Text(), [orjson.dumps(mirror.evidence).decode() for mirror in found.values()]),
        ("deleted", BigInteger(), [mirror.marks.get("deleted") for mirror in found.values()]),
    ]
    statement = text(
        "UPDATE owned.stripe_objects AS o SET marks = g.marks::jsonb, evidence = g.evidence::jsonb,"
        " deleted_second = g.deleted, mirrored_at = :now"
        " FROM unnest(:organizations, :connections, :types, :names, :sinces, :marks, :evidence, :deleted)"
        " AS g (organization_id, connection_id, object_type, object_id, since, marks, evidence, deleted)"
        " WHERE (o.organization_id, o.connection_id, o.object_type, o.object_id, o.since)"
        " = (g.organization_id, g.connection_id, g.object_type, g.object_id, g.since)"
    ).bindparams(bindparam("now", now), *[bindparam(name, values, ARRAY(kind)) for name, kind, values in columns])
    await session.execute(statement)


# --- what the ledger reads ------------------------------------------------------------------------

_SEEN = (*_KEY, StripeObject.second, StripeObject.facts, StripeObject.marks, StripeObject.evidence)


def _seen(row: Any) -> Seen:
    evidence = [(second, event_id) for second, event_id in row.evidence]
    return Seen(row.object_type, row.object_id, row.second, row.facts, row.marks, evidence)


def _by_place(rows: Iterable[Any]) -> dict[Place, list[Seen]]:
    found: dict[Place, list[Seen]] = {}
    for row in rows:
        found.setdefault((row.organization_id, row.connection_id), []).append(_seen(row))
    return found


async def money_objects(session: AsyncSession, keys: Collection[Named]) -> dict[Place, list[Seen]]:
    """Everything that belongs to some payments, by payment intent or charge id.

    A charge leads from its own id to its payment intent's, and the other way round, so the search goes on
    until it finds no new id (mostly at once).
    """
    asked: set[Named] = set()
    rows: dict[tuple[Any, ...], Any] = {}
    wanted = set(keys)
    while wanted:
        asked |= wanted
        for row in await _money_rows(session, wanted):
            rows[tuple(row[:5])] = row
        wanted = {key for row in rows.values() for key in _leads(row)} - asked
    return _by_place(rows.values())


def _leads(row: Any) -> list[Named]:
    facts = row.facts
    ids = [facts.get("intent"), facts.get("charge"), row.object_id if row.object_type == "charge" else None]
    return [(row.organization_id, row.connection_id, name) for name in ids if name]


async def _money_rows(session: AsyncSession, wanted: Collection[Named]) -> Sequence[Any]:
    given = list(wanted)
    grouped = select(*_SEEN).where(
        in_values((StripeObject.organization_id, StripeObject.connection_id, StripeObject.group_key), given),
        StripeObject.object_type.in_(MONEY_TYPES),
    )
    charges = select(*_SEEN).where(
        in_values(_KEY, [(org, place, "charge", name, 0) for org, place, name in given if not name.startswith("pi_")])
    )
    return [*(await session.execute(grouped)).all(), *(await session.execute(charges)).all()]


async def by_key(session: AsyncSession, object_type: str, keys: Collection[Named]) -> dict[Place, list[Seen]]:
    """Objects of one type by id."""
    if not keys:
        return {}
    wanted = [(organization, connection, object_type, name, 0) for organization, connection, name in keys]
    return _by_place(await session.execute(select(*_SEEN).where(in_values(_KEY, wanted))))


async def subscription_states(
    session: AsyncSession, wanted: Mapping[Named, Collection[int] | None]
) -> dict[Place, list[tuple[int, Seen]]]:
    """States of subscriptions with their seconds; all of one whose seconds are None."""
    whole = [key for key, seconds in wanted.items() if seconds is None]
    single = [(*key[:2], "subscription", key[2], second) for key, seconds in wanted.items() for second in seconds or ()]
    conditions = []
    if single:
        conditions.append(in_values(_KEY, single))
    if whole:
        conditions.append(in_values(_KEY[:4], [(*key[:2], "subscription", key[2]) for key in whole]))
    if not conditions:
        return {}
    found: dict[Place, list[tuple[int, Seen]]] = {}
    for row in await session.execute(select(*_SEEN).where(or_(*conditions))):
        found.setdefault((row.organization_id, row.connection_id), []).append((row.since, _seen(row)))
    return found


async def deletions(session: AsyncSession, subscriptions: Collection[Named]) -> dict[Named, int]:
    """When subscriptions were deleted: the earliest deletion seen."""
    if not subscriptions:
        return {}
    columns = (StripeObject.organization_id, StripeObject.connection_id, StripeObject.object_id)
    statement = (
        select(*columns, func.min(StripeObject.deleted_second))
        .where(
            in_values(columns, list(subscriptions)),
            StripeObject.object_type == "subscription",
            StripeObject.deleted_second.is_not(None),
        )
        .group_by(*columns)
    )
    return {(row[0], row[1], row[2]): row[3] or 0 for row in await session.execute(statement)}


async def discounts_of_customers(session: AsyncSession, customers: Collection[Named]) -> dict[Place, list[Seen]]:
    """The mirrored discounts of customers, their subscriptions' included."""
    if not customers:
        return {}
    statement = select(*_SEEN).where(
        in_values((StripeObject.organization_id, StripeObject.connection_id, StripeObject.group_key), list(customers)),
        StripeObject.object_type == "discount",
    )
    return _by_place(await session.execute(statement))


async def customers_of_coupons(session: AsyncSession, coupons: Collection[Named]) -> set[Named]:
    """Customers with a discount from some coupons."""
    if not coupons:
        return set()
    statement = select(StripeObject.organization_id, StripeObject.connection_id, StripeObject.group_key).where(
        in_values((StripeObject.organization_id, StripeObject.connection_id, StripeObject.coupon_id), list(coupons)),
        StripeObject.group_key.is_not(None),
    )
    return {(row[0], row[1], row[2] or "") for row in await session.execute(statement)}


async def customers_claiming(session: AsyncSession, column: str, claimed: Collection[tuple[UUID, UUID]]) -> set[Named]:
    """Customers whose metadata names some accounts (``account_claim``) or ventures (``venture_claim``)."""
    if not claimed:
        return set()
    claim = getattr(StripeObject, column)
    statement = select(StripeObject.organization_id, StripeObject.connection_id, StripeObject.object_id).where(
        in_values((StripeObject.organization_id, claim), list(claimed))
    )
    return {(row[0], row[1], row[2]) for row in await session.execute(statement)}
