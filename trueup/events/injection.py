"""Publishing a message by hand, as it is: for operators, and for tests of what goes wrong."""

import hashlib
from collections.abc import Iterable

from nats.aio.client import Client
from nats.js.api import PubAck

from shared.contracts.topology import SERVICES, stream_of
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from trueup import deeds
from trueup.events.subjects import filters_by_stream
from trueup.local import LocalError


def given_headers(pairs: Iterable[str], event_type: str | None) -> dict[str, str]:
    """Headers from ``name=value`` texts; with an event type, the rest of the envelope too."""
    headers = {}
    if event_type:
        identity = str(new_id())
        headers = {
            "Nats-Msg-Id": identity,
            "ce-specversion": "1.0",
            "ce-id": identity,
            "ce-source": "/trueup/operator",
            "ce-type": event_type,
            "ce-time": now().isoformat(),
            "content-type": "application/json",
        }
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise LocalError(f"--header {pair!r}: write name=value")
        headers[name.strip()] = value
    return headers


async def publish_raw(client: Client, subject: str, data: bytes, headers: dict[str, str]) -> PubAck:
    """Publish, and wait until a stream has it; the audit log of its organization is told before."""
    if not (owners := [owner for owner in SERVICES if stream_of(owner) in filters_by_stream(subject)]):
        raise LocalError(f"no stream took {subject!r}")
    await deeds.tell_of(
        owners[0],
        "events publish",
        "messages",
        organization_id=deeds.organization_of(subject),
        subject=subject,
        bytes=len(data),
        digest=hashlib.sha256(data).hexdigest(),
    )
    try:
        return await client.jetstream(timeout=10).publish(subject, data, headers=headers or None)
    except Exception as error:
        raise LocalError(f"no stream took {subject!r}: {error!r}") from error
