"""The door of the bus: API keys come in by it, and what they ask of the streams passes it.

A NATS server asks here about everybody whom its configuration does not name (auth callout). Who is let in lives in an
account of its own, where only the doorkeeper answers: it makes a key's consumer when that is first read, and passes
fetches and acknowledgements on to JetStream, if their answer goes to the asker; messages go from JetStream to the
subscriber without it. Every replica of identity keeps the door; each question is answered by one of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from services.identity.settings import DoorSettings
from services.identity.subscriber import rules, store, use_cases
from shared.contracts.topology import (
    ADMISSION,
    CONNECTIONS,
    DOOR_ACK,
    DOOR_NEXT,
    DOORKEEPER,
    KICK,
    SUBSCRIBERS_ACCOUNT,
    SUBSCRIBERS_API,
    inbox_prefix,
)
from shared.kernel.clock import now
from shared.platform.auth.nats_tokens import Issuer, claims_of
from shared.platform.bus.connection import connected
from shared.platform.db.outage import is_outage
from shared.platform.service import Runtime

log = structlog.get_logger()

EVENT_DOOR = "event-door"
LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 4.0
_REMEMBERED_SECONDS, _REMEMBERED = 60.0, 10_000
_PAGE = 1000
_ACK_WAIT_SECONDS, _MAX_ACK_PENDING = 30, 1000
_FORGOTTEN_SECONDS = 30 * 86400.0


async def keep_event_door(runtime: Runtime) -> None:
    """Let API keys in and out until the process ends."""
    settings = DoorSettings.load()
    if settings is None:
        log.warning("event_door.closed", reason="TRUEUP_SUBSCRIBER_ISSUER_SEED is not set")
        await asyncio.Event().wait()
        return
    password = settings.password.get_secret_value()
    async with connected(runtime.settings.nats_url, DOORKEEPER, password) as client:
        door = EventDoor(runtime, client, Issuer(settings.issuer_seed.get_secret_value()))
        await door.open()
        while True:
            await door.look_around()
            await asyncio.sleep(LOOK_SECONDS)


class EventDoor:
    """One replica's part in keeping the door."""

    def __init__(self, runtime: Runtime, client: Client, issuer: Issuer) -> None:
        self._runtime = runtime
        self._client = client
        self._issuer = issuer
        self._made: dict[tuple[str, UUID], float] = {}
        self._pages = f"{inbox_prefix(DOORKEEPER)}.connections"
        self._ended = f"{inbox_prefix(DOORKEEPER)}.ended"

    async def open(self) -> None:
        """Answer from now on."""
        asked = f"{SUBSCRIBERS_API}.CONSUMER"
        for subject, answer in {
            ADMISSION: self._admit,
            f"{asked}.MSG.NEXT.*.*": self._fetch,
            f"{asked}.INFO.*.*": self._describe,
            "$JS.ACK.>": self._acknowledge,
        }.items():
            await self._client.subscribe(subject, queue=EVENT_DOOR, cb=_patient(answer))
        await self._client.subscribe(self._pages, cb=_patient(self._end_those_who_may_not))

    async def look_around(self) -> None:
        """Ask every server who is in; what they answer is looked through as it comes."""
        if self._client.is_connected:
            await self._ask_for_connections(0)

    async def _admit(self, message: Msg) -> None:
        knock = rules.Knock.of(claims_of(message.data))
        async with self._runtime.database.transaction() as session:
            secret_key = self._runtime.settings.secret_key_bytes
            answer, key, refusal = await use_cases.admit(session, secret_key, self._issuer, knock, now())
        if key is None:
            log.info("subscriber.refused", reason=refusal)
        else:
            self._runtime.key_uses.note(key.organization_id, key.id)
            log.info("subscriber.admitted", api_key_id=str(key.id), organization_id=str(key.organization_id))
        await self._client.publish(message.reply, answer.encode())

    async def _fetch(self, message: Msg) -> None:
        stream, consumer = message.subject.split(".")[-2:]
        if _may_answer(message, consumer) and await self._has_consumer(stream, UUID(consumer)):
            await self._client.publish(f"{DOOR_NEXT}.{stream}.{consumer}", message.data, reply=message.reply)

    async def _describe(self, message: Msg) -> None:
        stream, consumer = message.subject.split(".")[-2:]
        if _may_answer(message, consumer) and await self._has_consumer(stream, UUID(consumer)):
            described = await self._runtime.client.request(f"$JS.API.CONSUMER.INFO.{stream}.{consumer}", timeout=2)
            await self._client.publish(message.reply, described.data)

    async def _acknowledge(self, message: Msg) -> None:
        named = rules.acknowledged(message.subject)
        if named is not None and (not message.reply or _may_answer(message, named[1])):
            await self._client.publish(
                f"{DOOR_ACK}.{message.subject.removeprefix('$JS.ACK.')}", message.data, reply=message.reply
            )

    async def _has_consumer(self, stream: str, key_id: UUID) -> bool:
        """See to it that a key has its consumer of a stream; it begins with the oldest event that is stored."""
        if monotonic() - self._made.get((stream, key_id), float("-inf")) < _REMEMBERED_SECONDS:
            return True
        async with self._runtime.database.transaction() as session:
            key = (await store.keys(session, [key_id])).get(key_id)
        if key is None or rules.objection(key, now()) is not None:
            return False
        await self._runtime.client.jsm(timeout=3).add_consumer(stream, consumer_config(key.organization_id, key_id))
        if len(self._made) > _REMEMBERED:
            self._made.clear()
        self._made[stream, key_id] = monotonic()
        self._runtime.key_uses.note(key.organization_id, key.id)
        return True

    async def _ask_for_connections(self, offset: int) -> None:
        page = {"auth": True, "acc": SUBSCRIBERS_ACCOUNT, "offset": offset, "limit": _PAGE}
        await self._client.publish(CONNECTIONS, orjson.dumps(page), reply=self._pages)

    async def _end_those_who_may_not(self, message: Msg) -> None:
        answer = orjson.loads(message.data)
        server, page = answer["server"]["id"], answer["data"]
        connected = [(one["cid"], _key_id(one.get("authorized_user", ""))) for one in page["connections"]]
        keys = {key_id for _, key_id in connected if key_id is not None}
        if keys:
            async with self._runtime.database.transaction() as session:
                over = await use_cases.over(session, keys, now())
            for connection, key_id in connected:
                if key_id in over:
                    log.info("subscriber.ended", api_key_id=str(key_id), reason=over[key_id])
                    ending = orjson.dumps({"cid": connection})
                    # a server does nothing for who wants no answer
                    await self._client.publish(KICK.replace("*", server), ending, reply=self._ended)
        if page["total"] > page["offset"] + len(page["connections"]) and page["connections"]:
            await self._ask_for_connections(page["offset"] + _PAGE)


def consumer_config(organization_id: UUID, key_id: UUID) -> ConsumerConfig:
    """A key's consumer of a stream. Unread for 30 days it is forgotten, and begins anew."""
    return ConsumerConfig(
        name=str(key_id),
        durable_name=str(key_id),
        filter_subject=f"*.*.{organization_id}",
        ack_policy=AckPolicy.EXPLICIT,
        deliver_policy=DeliverPolicy.ALL,
        ack_wait=_ACK_WAIT_SECONDS,
        max_ack_pending=_MAX_ACK_PENDING,
        inactive_threshold=_FORGOTTEN_SECONDS,
    )


def _may_answer(message: Msg, consumer: str) -> bool:
    """Whether an answer would stay with the asker; anything else is somebody who tries what they may not."""
    allowed = rules.goes_to_asker(message.reply, consumer)
    if not allowed:
        log.warning("subscriber.misdirected", api_key_id=consumer, subject=message.subject, reply=message.reply)
    return allowed


def _patient(answer: Callable[[Msg], Awaitable[None]]) -> Callable[[Msg], Awaitable[None]]:
    """A handler that leaves a question unanswered while database or bus are away: who asks asks again."""

    async def answered(message: Msg) -> None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await answer(message)
        except Exception as error:
            if not (is_outage(error) or isinstance(error, NatsError)):
                log.exception("event_door.failed", subject=message.subject)
                return
            log.warning("event_door.outage", reason=type(error).__name__)

    return answered


def _key_id(name: Any) -> UUID | None:
    """The key behind a user's name; None for the doorkeeper's own."""
    try:
        return UUID(name)
    except ValueError:
        return None
