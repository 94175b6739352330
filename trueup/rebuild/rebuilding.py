"""A rebuild: fill the shadow from the streams, catch up, take over in one moment, derive again.

While it runs, the service goes on as it is. The take-over waits for the batches in flight, keeps new ones waiting,
applies what came in the meantime, and renames the schemas. What the service had derived from the old read models is
then derived again from the new ones: nothing moves when the old ones were right.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import psycopg
from nats.aio.client import Client
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform.bus.outbox import MUTED
from shared.platform.bus.subscription import Batch, Handler, Subscription
from shared.platform.db.bulk import lock_number
from shared.platform.db.edges import TAKEOVER_LOCK
from shared.platform.db.platform_tables import OrganizationRow
from shared.platform.db.tables import TableKind
from shared.platform.failpoints import failpoint
from trueup import deeds
from trueup.access import declared, operator_address, service_database
from trueup.events.reading import last_sequence
from trueup.local import LocalError
from trueup.rebuild import shadow
from trueup.redelivery.replay import Outcome, Progress, Redelivery, silent

CLOSE_ENOUGH = 1000
"""So few messages behind, the rest is applied while live batches wait."""
CATCH_UP_ROUNDS = 20


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did."""

    tables: int
    outcome: Outcome
    rows_derived_anew: int = 0
    """Derived rows that were wrong before (0: the old read models were right)."""


def read_models(service: str) -> list[str]:
    """The tables that a rebuild fills."""
    tables = declared(service).metadata.sorted_tables
    return [table.name for table in tables if table.info["kind"] is TableKind.READ_MODEL]


async def rebuild(client: Client, service: str, progress: Progress = silent) -> Rebuilt:
    """Rebuild a service's read models.

    Raises:
        LocalError: It has none, another rebuild of it runs, or an event could not be applied (the live
            tables are then as they were).
    """
    if not read_models(service):
        raise LocalError(f"{service} has no read models")
    with psycopg.connect(operator_address(service), application_name="trueup-rebuild") as connection:
        if not await asyncio.to_thread(_only_one, connection, service):
            raise LocalError(f"another rebuild of {service} is running")
        await deeds.tell_of(service, "rebuild", "read_models", tables=read_models(service))
        await asyncio.to_thread(shadow.prepare, connection, service)
        outcome = await _fill_and_take_over(client, service, connection, progress)
        await failpoint("rebuild.after_takeover")
        moved = await recompute(service)
        await asyncio.to_thread(shadow.drop_leftovers, connection)
    return Rebuilt(len(read_models(service)), outcome, moved)


async def _fill_and_take_over(
    client: Client, service: str, connection: psycopg.Connection[Any], progress: Progress
) -> Outcome:
    subscriptions = [_muted(subscription) for subscription in declared(service).subscriptions]
    async with service_database(service, shadow.SHADOWS) as database:
        redelivery = Redelivery(client, database, shared_lock=None)
        reached = await _catch_up(client, redelivery, subscriptions, progress)
        await failpoint("rebuild.before_takeover")
        # Ends with this transaction: from here on live batches wait.
        await asyncio.to_thread(connection.execute, "SELECT pg_advisory_xact_lock(%s)", [TAKEOVER_LOCK])
        for subscription in subscriptions:
            await redelivery.through(subscription, start=reached[subscription.stream] + 1, progress=progress)
        _refuse_failures(redelivery.outcome)
    shadow.swap(connection)
    connection.commit()
    return redelivery.outcome


async def _catch_up(
    client: Client, redelivery: Redelivery, subscriptions: Sequence[Subscription], progress: Progress
) -> dict[str, int]:
    """Apply the streams until little is left; returns the sequence that each has reached."""
    reached = {subscription.stream: 0 for subscription in subscriptions}
    for _ in range(CATCH_UP_ROUNDS):
        for subscription in subscriptions:
            start = reached[subscription.stream] + 1
            reached[subscription.stream] = await redelivery.through(subscription, start=start, progress=progress)
        _refuse_failures(redelivery.outcome)
        behind = [await last_sequence(client, stream) - sequence for stream, sequence in reached.items()]
        if sum(behind) <= CLOSE_ENOUGH:
            break
    return reached


async def recompute(service: str) -> int:
    """Let a service derive everything again, organization by organization; returns how many rows moved."""
    operations = import_module(f"services.{service}.operations")
    moved = 0
    async with service_database(service) as database:
        async with database.transaction() as session:
            organizations = list(await session.scalars(select(OrganizationRow.id).order_by(OrganizationRow.id)))
        for organization in organizations:
            async with database.transaction([organization]) as session:
                moved += await operations.recompute(session, organization)
    return moved


def _muted(subscription: Subscription) -> Subscription:
    """The same handler, whose events are not sent."""
    handler: Handler = subscription.handle

    async def handle(session: AsyncSession, batch: Batch) -> None:
        session.info[MUTED] = True
        await handler(session, batch)

    return replace(subscription, handle=handle)


def _refuse_failures(outcome: Outcome) -> None:
    if outcome.failures:
        shown = "\n  ".join(outcome.failures[:10])
        raise LocalError(
            f"{len(outcome.failures)} events could not be applied, so nothing was replaced; "
            f"settle them (dead-letters) or mend the handler:\n  {shown}"
        )


def _only_one(connection: psycopg.Connection[Any], service: str) -> bool:
    # The take-over waits inside a transaction for as long as it needs.
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [lock_number("rebuild", service)]).fetchone()
    connection.commit()
    return row is not None and bool(row[0])
