"""Our reading of headers and messages is nats-py's own, and sooner done."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.platform.bus.client import BusClient, PromptSubscription

PARTS = st.one_of(
    st.sampled_from([b"ce-id", b"ce type", b" ce-time ", b"\xc3\xa9", b":", b": ", b"\t", b"\r\n", b"\n", b"\x0b"]),
    st.binary(max_size=6),
)


@given(st.lists(PARTS, max_size=30).map(b"".join))
def test_headers_are_read_as_nats_reads_them(raw: bytes) -> None:
    assert BusClient._parse_header_lines(raw) == Client._parse_header_lines(raw)


def test_what_events_carry_is_read() -> None:
    raw = b"ce-id: 1\r\nce-type:metric.created\r\ncontent-type:\tapplication/json\r\n\r\n"
    read = BusClient._parse_header_lines(raw)
    assert read == {"ce-id": "1", "ce-type": "metric.created", "content-type": "application/json"}


async def test_a_message_that_is_here_is_given_without_waiting_and_one_that_is_not_is_waited_for() -> None:
    client = BusClient()
    subscription = PromptSubscription(client, 1, "metric.created.*")
    first, second = (Msg(_client=client, subject="metric.created.1", data=data) for data in (b"one", b"two"))
    subscription._pending_size = len(b"one")
    subscription._pending_queue.put_nowait(first)
    tasks = asyncio.all_tasks()
    given = subscription.next_msg(timeout=30)
    with pytest.raises(StopIteration) as done:
        given.send(None)
    assert (done.value.value, asyncio.all_tasks()) == (first, tasks), "nothing was waited for"
    assert (subscription._pending_size, subscription._pending_queue._unfinished_tasks) == (0, 0)
    waiting = asyncio.create_task(subscription.next_msg(timeout=30))
    await asyncio.sleep(0)
    subscription._pending_queue.put_nowait(second)
    assert await waiting is second
    with pytest.raises(TimeoutError):
        await subscription.next_msg(timeout=0.01)
