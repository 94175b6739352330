"""Publishing again what a service published before, from its event log (PostgreSQL is the record).

The events keep their ids, so that consumers whose inbox still knows them skip them, and all others find nothing
newer in them. They go out without a message id: inside its duplicate window the stream would drop them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from nats.aio.client import Client
from psycopg.rows import class_row

from shared.kernel.clock import now
from shared.platform.bus.envelope import MESSAGE_ID, OutgoingEvent
from shared.platform.bus.publishing import BATCH, publish
from trueup import deeds
from trueup.access import operator_address

_CHOICE = """
FROM platform.event_log
WHERE recorded_at >= %(since)s AND recorded_at < %(until)s
  AND event_id >= platform.uuid_floor(%(floor)s)
"""
_COLUMNS = """
event_id, organization_id, event_type, sequence, payload, traceparent, recorded_at, %(source)s::text AS source
"""
_CLOCK_SLACK = timedelta(hours=1)


class ReEmittedEvent(OutgoingEvent):
    """An event of the log. The stream is not to recognise it; consumers are."""

    def headers(self) -> dict[str, str]:
        """The envelope as it was, without the stream's message id."""
        headers = super().headers()
        del headers[MESSAGE_ID]
        return headers


async def re_emit(
    client: Client,
    service: str,
    *,
    since: datetime,
    until: datetime | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Publish a service's logged events of a span (up to now, if no end is given) again, in their order.

    Returns:
        How many. ``progress`` hears how many of how many are published.
    """
    until = until or now()
    await deeds.tell_of(service, "re-emit", "event_log", since=since.isoformat(), until=until.isoformat())
    # The id begins with the instant at which it was made: it finds the partitions.
    span = {"since": since, "until": until, "floor": max(since, _EARLIEST) - _CLOCK_SLACK, "source": service}
    connection = await psycopg.AsyncConnection.connect(operator_address(service), application_name="trueup-re-emit")
    async with connection:
        counted = await (await connection.execute(f"SELECT count(*) {_CHOICE}", span)).fetchone()
        total = counted[0] if counted else 0
        async with connection.cursor("re_emit", row_factory=class_row(ReEmittedEvent)) as cursor:
            await cursor.execute(f"SELECT {_COLUMNS} {_CHOICE} ORDER BY position", span)
            done = 0
            while events := await cursor.fetchmany(BATCH):
                await publish(client, list(events))
                done += len(events)
                progress(done, total)
    return done


_EARLIEST = datetime.fromisoformat("2000-01-01T00:00:00Z")
