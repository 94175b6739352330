"""Hearing events as a subscriber of another team does: with an API key, and nothing of the operator's."""

import asyncio
from collections.abc import Sequence

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.platform.auth.api_keys import is_api_key
from trueup.events.subjects import filters_by_stream
from trueup.events.tail import Show
from trueup.local import LocalError


def subjects_of(pattern: str, organization_id: str) -> list[str]:
    """The subjects of one organization's events that a pattern selects.

    Raises:
        LocalError: No event has such a subject.
    """
    if pattern == ">":
        return [f"*.*.{organization_id}"]
    selected = [subject for subjects in filters_by_stream(pattern).values() for subject in subjects]
    if not selected:
        raise LocalError(f"no event has a subject like {pattern!r}; see: python -m trueup events types")
    return [
        subject.removesuffix(".*") + f".{organization_id}" if subject.endswith(".*") else subject
        for subject in selected
    ]


async def listen(url: str, key: str, subjects: Sequence[str], show: Show) -> None:
    """Show what is published from now on.

    Raises:
        LocalError: The bus does not let this key in, or not hear that.
    """
    if not is_api_key(key):
        raise LocalError("that is no API key (trueup_...)")
    enough = asyncio.Event()
    objections: list[str] = []

    async def heard(message: Msg) -> None:
        if not enough.is_set() and not show(message):
            enough.set()

    async def objected(error: Exception) -> None:
        if "violation" in str(error).lower():
            objections.append(str(error))
            enough.set()

    client = Client()
    try:
        await client.connect(url.split(","), user="tail", password=key, error_cb=objected, allow_reconnect=True)
        for subject in subjects:
            await client.subscribe(subject, cb=heard)
        await client.flush()
        await enough.wait()
    except nats.errors.Error as error:
        raise LocalError(f"the bus does not let this key in: {error}") from None
    finally:
        await client.close()
    if objections:
        raise LocalError(f"the bus refuses: {objections[0]}")
