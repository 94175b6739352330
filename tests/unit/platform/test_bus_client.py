"""Our reading of headers is nats-py's own, and sooner done."""

from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from shared.platform.bus.client import BusClient

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
