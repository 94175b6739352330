"""Noting when API keys were used: services tell it on the bus, here it is written down once a second."""

import asyncio
from uuid import UUID

import structlog
from nats.aio.msg import Msg

from services.identity.api_key import store
from shared.contracts.topology import USED_PREFIX
from shared.kernel.clock import now
from shared.platform.db.outage import is_outage
from shared.platform.service import Runtime

log = structlog.get_logger()

KEY_USES = "key-uses"
_WRITE_SECONDS = 1.0


async def note_key_uses(runtime: Runtime) -> None:
    """Listen (one replica hears each hint) and write, until the process ends."""
    used: dict[UUID, set[UUID]] = {}

    async def heard(message: Msg) -> None:
        organization, key = message.subject.split(".")[-2:]
        used.setdefault(UUID(organization), set()).add(UUID(key))

    await runtime.client.subscribe(f"{USED_PREFIX}.*.*.*", queue=KEY_USES, cb=heard)
    while True:
        await asyncio.sleep(_WRITE_SECONDS)
        if not used:
            continue
        written, used_now = dict(used), now()
        used.clear()
        try:
            async with runtime.database.transaction(written) as session:
                await store.note_uses(session, set().union(*written.values()), used_now)
        except Exception as error:
            if not is_outage(error):
                raise
            # A hint is not worth keeping: the key's next use tells it again.
            log.warning("key_uses.outage", reason=type(error).__name__)
