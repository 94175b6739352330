"""What the ledger reads of mirrored objects: statements, to be sent together, and rarer questions."""

from collections.abc import Collection, Mapping
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.ledger.rules import Seen
from services.ingestion.stripe_object.models import StripeObject
from services.ingestion.stripe_object.rules.touched import MONEY_TYPES, Named, Place
from shared.platform.db.bulk import in_values
from shared.platform.db.driver import Rows, Statement, run

ByPlace = dict[Place, list[Seen]]
States = dict[Place, list[tuple[int, Seen, int | None]]]
"""States of subscriptions: since which second, what they say, and when the subscription was deleted if it was."""

_SEEN: LiteralString = (
    "SELECT organization_id, connection_id, object_type, object_id, since, second, facts, marks, evidence"
    " FROM stripe_objects "
)
_NAMES: LiteralString = "(SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[]))"
_GROUPED: LiteralString = _SEEN + "WHERE (organization_id, connection_id, group_key) IN " + _NAMES
_BY_ID: LiteralString = (
    _SEEN + "WHERE (organization_id, connection_id, object_id) IN " + _NAMES + " AND object_type = %s AND since = 0"
)


def columns_of(keys: Collection[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Keys as one list for each of their parts."""
    return [list(column) for column in zip(*keys, strict=True)] if keys else [[] for _ in range(width)]


def _seen(row: tuple[Any, ...]) -> Seen:
    evidence = [(second, event_id) for second, event_id in row[8]]
    return Seen(row[2], row[3], row[5], row[6], row[7], evidence)


def _by_place(rows: Rows) -> ByPlace:
    found: ByPlace = {}
    for row in rows:
        found.setdefault((row[0], row[1]), []).append(_seen(row))
    return found


# --- payments -------------------------------------------------------------------------------------

_MONEY: LiteralString = _GROUPED + " AND object_type = ANY (%s::text[]) UNION ALL " + _BY_ID


def money(wanted: Collection[Named]) -> Statement[Rows]:
    """The rows found by some ids, without those to which they lead."""
    charges = [key for key in wanted if not key[2].startswith("pi_")]
    parameters = [*columns_of(wanted, 3), list(MONEY_TYPES), *columns_of(charges, 3), "charge"]
    return Statement(_MONEY, parameters, list)


async def complete_money(session: AsyncSession, keys: Collection[Named], found: Rows) -> ByPlace:
    """``money``'s rows, and all those to which they lead.

    A charge leads from its own id to its payment intent's, and the other way round, so the search goes on
    until it finds no new id (mostly at once).
    """
    rows = {row[:5]: row for row in found}
    asked = set(keys)
    while wanted := {key for row in rows.values() for key in _leads(row)} - asked:
        asked |= wanted
        rows |= {row[:5]: row for row in (await run(session, money(wanted)))[0]}
    return _by_place(list(rows.values()))


def _leads(row: tuple[Any, ...]) -> list[Named]:
    facts = row[6]
    ids = (facts.get("intent"), facts.get("charge"), row[3] if row[2] == "charge" else None)
    return [(row[0], row[1], name) for name in ids if name]


# --- payouts, coupons, customers ------------------------------------------------------------------


def by_id(object_type: str, keys: Collection[Named]) -> Statement[ByPlace]:
    """Objects of one type by id (subscriptions excepted, which have many states)."""
    return Statement(_BY_ID, [*columns_of(keys, 3), object_type], _by_place)


async def customers(session: AsyncSession, keys: Collection[Named]) -> ByPlace:
    """Customers by id."""
    return (await run(session, by_id("customer", keys)))[0] if keys else {}


# --- subscriptions and their discounts ------------------------------------------------------------

_STATES: LiteralString = (
    "SELECT organization_id, connection_id, object_type, object_id, since, second, facts, marks, evidence,"
    " (SELECT min(d.deleted_second) FROM stripe_objects d"
    " WHERE (d.organization_id, d.connection_id, d.object_id) = (o.organization_id, o.connection_id, o.object_id)"
    " AND d.object_type = 'subscription' AND d.deleted_second IS NOT NULL)"
    " FROM stripe_objects o WHERE "
)
_SOME_STATES: LiteralString = _STATES + (  # noqa: S608 - constants
    "(organization_id, connection_id, object_id, since) IN"
    " (SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bigint[])) AND object_type = 'subscription'"
)
_ALL_STATES: LiteralString = (
    _STATES + "(organization_id, connection_id, object_id) IN " + _NAMES + " AND object_type = 'subscription'"
)


def subscription_states(wanted: Mapping[Named, Collection[int] | None]) -> list[Statement[States]]:
    """States of subscriptions; all of one whose seconds are None."""
    whole = [key for key, seconds in wanted.items() if seconds is None]
    single = [(*key, second) for key, seconds in wanted.items() for second in seconds or ()]
    statements = []
    if single:
        statements.append(Statement(_SOME_STATES, columns_of(single, 4), _states))
    if whole:
        statements.append(Statement(_ALL_STATES, columns_of(whole, 3), _states))
    return statements


def _states(rows: Rows) -> States:
    found: States = {}
    for row in rows:
        found.setdefault((row[0], row[1]), []).append((row[4], _seen(row), row[9]))
    return found


_DISCOUNTS: LiteralString = _GROUPED + " AND object_type = 'discount'"


def discounts_of_customers(keys: Collection[Named]) -> Statement[ByPlace]:
    """The mirrored discounts of customers, their subscriptions' included."""
    return Statement(_DISCOUNTS, columns_of(keys, 3), _by_place)


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
