"""Reading and writing mirrors, without their states where possible."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.stripe_object.models import StripeObject
from services.ingestion.stripe_object.rules.mirror import Mirror
from services.ingestion.stripe_object.rules.observation import Observation
from services.ingestion.stripe_object.rules.touched import Key
from shared.platform.db.bulk import bulk_put
from shared.platform.db.driver import Rows, Statement, later, nothing, run

KEY_COLUMNS = ("organization_id", "connection_id", "object_type", "object_id", "since")
_IN_KEYS: LiteralString = (
    " FROM stripe_objects WHERE (organization_id, connection_id, object_type, object_id, since) IN"
    " (SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::bigint[]))"
)
_SLIM: LiteralString = (
    "SELECT organization_id, connection_id, object_type, object_id, since,"
    " second, direct, event_id, event_type, facts, marks, evidence"
)
_WHOLE: LiteralString = _SLIM + ", state, previous, rivals"


async def mirrors(session: AsyncSession, keys: Collection[Key]) -> dict[Key, Mirror]:
    """The stored mirrors of some keys, without states, previous attributes and rivals."""
    return (await run(session, Statement(_SLIM + _IN_KEYS, _columns_of(keys), _mirrors)))[0] if keys else {}


async def whole_mirrors(session: AsyncSession, keys: Collection[Key]) -> dict[Key, Mirror]:
    """The same with everything."""
    return (await run(session, Statement(_WHOLE + _IN_KEYS, _columns_of(keys), _mirrors)))[0] if keys else {}


def _columns_of(keys: Collection[Key]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)]


def _mirrors(rows: Rows) -> dict[Key, Mirror]:
    return {row[:5]: _mirror(row) for row in rows}


def _mirror(row: tuple[Any, ...]) -> Mirror:
    object_type, object_id, _since, second, direct, event_id, event_type, facts, marks, evidence, *whole = row[2:]
    state, previous, rivals = whole or ({}, None, ())

    def observed(
        event_id: str, event_type: str, state: dict[str, Any], facts: dict[str, Any], previous: dict[str, Any] | None
    ) -> Observation:
        return Observation(
            object_type, object_id, second, event_id, event_type, state, facts, direct=direct, previous=previous
        )

    return Mirror(
        newest=observed(event_id, event_type, state, facts, previous),
        rivals=tuple(observed(**rival) for rival in rivals),
        marks=marks,
        evidence=[(second, event_id) for second, event_id in evidence],
    )


async def write_whole(session: AsyncSession, found: Mapping[Key, Mirror], now: datetime) -> None:
    """Write mirrors whose newest state is known here."""
    rows = [dict(zip(KEY_COLUMNS, key, strict=True)) | _row(mirror, now) for key, mirror in found.items()]
    await bulk_put(session, StripeObject, rows, key=KEY_COLUMNS, newer_by=None)


def _row(mirror: Mirror, now: datetime) -> dict[str, Any]:
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


_ADD_MARKS: LiteralString = (
    "UPDATE stripe_objects AS o SET marks = g.marks::jsonb, evidence = g.evidence::jsonb,"
    " deleted_second = g.deleted, mirrored_at = %s"
    " FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])"
    " AS g (organization_id, connection_id, object_type, object_id, since, marks, evidence, deleted)"
    " WHERE (o.organization_id, o.connection_id, o.object_type, o.object_id, o.since)"
    " = (g.organization_id, g.connection_id, g.object_type, g.object_id, g.since)"
)


async def write_marks(session: AsyncSession, found: Mapping[Key, Mirror], now: datetime) -> None:
    """Write what older observations add to mirrors whose newest state stays."""
    if not found:
        return
    marks = [orjson.dumps(mirror.marks).decode() for mirror in found.values()]
    evidence = [orjson.dumps(mirror.evidence).decode() for mirror in found.values()]
    deleted = [mirror.marks.get("deleted") for mirror in found.values()]
    await later(session, Statement(_ADD_MARKS, (now, *_columns_of(found), marks, evidence, deleted), nothing))
