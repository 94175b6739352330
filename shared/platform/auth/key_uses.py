"""Telling identity that an API key was used: a hint on the bus, once a minute and process at most.

``last_used_at`` is for people who look whether a key may go. A lost hint costs a minute of exactness.
"""

import asyncio
import time
from uuid import UUID

from nats.aio.client import Client

from shared.contracts.topology import USED_PREFIX

_QUIET_SECONDS = 60.0
_REMEMBERED = 10_000


class KeyUses:
    """What one process has told of late."""

    def __init__(self, service: str, client: Client) -> None:
        self._service = service
        self._client = client
        self._told: dict[UUID, float] = {}

    def note(self, organization_id: UUID, api_key_id: UUID) -> None:
        """A key was used."""
        if time.monotonic() - self._told.get(api_key_id, float("-inf")) < _QUIET_SECONDS:
            return
        if not self._client.is_connected:
            return
        if len(self._told) > _REMEMBERED:
            self._told.clear()
        self._told[api_key_id] = time.monotonic()
        subject = f"{USED_PREFIX}.{self._service}.{organization_id}.{api_key_id}"
        told = asyncio.ensure_future(self._client.publish(subject, b""))
        told.add_done_callback(lambda done: done.cancelled() or done.exception())
