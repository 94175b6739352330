"""Hearing events as a subscriber of another team does: with an API key, and nothing of the operator's."""

import asyncio
from collections.abc import Sequence

import nats
from nats.aio.msg import Msg

from shared.platform.auth.api_keys import is_api_key
from shared.platform.bus.client import BusClient
from trueup.events.subjects import filters_by_stream
from trueup.events.tail import Show
from trueup.local import LocalError

ENTRY_SECONDS = 20.0
News = asyncio.Queue[Msg | LocalError]
"""What was heard, and why nothing more will be."""


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
    """Show what is published from now on, until ``show`` has seen enough.

    Raises:
        LocalError: The bus does not let this key in, or not hear that, or is gone for good.
    """
    if not is_api_key(key):
        raise LocalError("that is no API key (trueup_...)")
    client, news = BusClient(), News()
    # The client tries for minutes where it is refused: what it is told meanwhile ends it.
    entering = asyncio.create_task(_enter(client, url, key, subjects, news))
    try:
        while not isinstance(one := await news.get(), LocalError) and show(one):
            pass
    finally:
        entering.cancel()
        await asyncio.wait([entering])
        await client.close()
    if isinstance(one, LocalError):
        raise one


async def _enter(client: BusClient, url: str, key: str, subjects: Sequence[str], news: News) -> None:
    async def heard(message: Msg) -> None:
        news.put_nowait(message)

    async def objected(error: Exception) -> None:
        said = str(error).lower()
        if "violation" in said:
            refuses = "does not let this key in" if "authorization" in said else "refuses"
            news.put_nowait(LocalError(f"the bus {refuses}: {error}"))

    async def closed() -> None:
        news.put_nowait(LocalError("the bus is gone"))

    try:
        async with asyncio.timeout(ENTRY_SECONDS):
            await client.connect(url.split(","), user="tail", password=key, error_cb=objected, closed_cb=closed)
            for subject in subjects:
                await client.subscribe(subject, cb=heard)
            await client.flush()
    except (nats.errors.Error, OSError) as error:  # a timeout is an OSError
        news.put_nowait(LocalError(f"the bus does not answer: {error!r}"))
