"""Trying a dead letter again, as the service would: the same decoding, the same handler, its own rights."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.event import Event
from shared.platform.bus.consumer import apply
from shared.platform.bus.envelope import UndecodableError, decode
from shared.platform.bus.subscription import Batch, Subscription
from shared.platform.db.outage import is_outage
from trueup.access import declared, service_database
from trueup.dead_letters.store import REPLAYED, Letter, note_failure, settle


async def replay(letter: Letter) -> Exception | None:
    """Apply a dead letter and settle it in the same transaction; returns why it still fails."""
    async with service_database(letter.service) as database:
        try:
            subscription = _subscription(letter)
            await apply(database, _settling(subscription, letter), [_event(letter, subscription)], bypass_inbox=True)
        except Exception as error:
            if is_outage(error):
                raise
            async with database.transaction() as session:
                await note_failure(session, letter, error)
            return error
    return None


def _subscription(letter: Letter) -> Subscription:
    for subscription in declared(letter.service).all_subscriptions:
        if subscription.stream == letter.row.stream:
            return subscription
    raise UndecodableError(f"{letter.service} does not read {letter.row.stream}")


def _event(letter: Letter, subscription: Subscription) -> Event:
    event = decode(letter.row.headers, letter.row.payload, subscription.wanted)
    if event is None:
        raise UndecodableError(f"{letter.service} handles no {letter.row.event_type}")
    return event


def _settling(subscription: Subscription, letter: Letter) -> Subscription:
    """The same handler, which also settles the letter."""

    async def handle(session: AsyncSession, batch: Batch) -> None:
        await subscription.handle(session, batch)
        await settle(session, letter, REPLAYED)

    return replace(subscription, handle=handle)
