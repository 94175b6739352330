"""When is posted again, how messages are signed, and where nothing is ever posted."""

import base64
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sync.delivery.rules.address import checked_url, is_allowed, networks
from services.sync.delivery.rules.schedule import (
    FEWEST_FAILURES,
    LONGEST_DELAY,
    LONGEST_FAILURE,
    MOST_TRIES,
    Outcome,
    after_failure,
    backoff,
    is_accepted,
    why_to_disable,
)
from services.sync.delivery.rules.signature import headers, secret_of, sign

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


# --- when ---------------------------------------------------------------------------------------


def test_delays_grow_threefold_from_five_seconds_to_six_hours():
    found = [backoff(failures, 0.5).total_seconds() for failures in range(1, 11)]
    assert found == [5, 15, 45, 135, 405, 1215, 3645, 10935, 21600, 21600]
    assert sum((backoff(tries, 0.5) for tries in range(1, MOST_TRIES)), timedelta()) > timedelta(days=2, hours=18)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_delay_is_spread_by_a_quarter_and_bounded(failures: int, spread: float):
    middle = backoff(failures, 0.5)
    assert middle * 0.75 <= backoff(failures, spread) <= middle * 1.25
    assert backoff(failures, spread) <= LONGEST_DELAY * 1.25
    assert backoff(failures + 1, spread) >= backoff(failures, spread)


@pytest.mark.parametrize(
    ("status", "accepted"),
    [(200, True), (204, True), (299, True), (199, False), (300, False), (302, False), (410, False), (None, False)],
)
def test_only_successes_are_an_acceptance(status: int | None, accepted: bool):
    assert is_accepted(status) is accepted


def test_given_up_after_the_last_try_only():
    assert after_failure(MOST_TRIES - 1) is Outcome.AGAIN
    assert after_failure(MOST_TRIES) is Outcome.GIVE_UP


def test_an_endpoint_is_switched_off_after_three_days_of_nothing_or_when_it_says_so():
    long_ago = NOW - LONGEST_FAILURE
    assert why_to_disable(500, long_ago, FEWEST_FAILURES, NOW) is not None
    assert why_to_disable(500, long_ago + timedelta(seconds=1), FEWEST_FAILURES, NOW) is None
    assert why_to_disable(None, long_ago, FEWEST_FAILURES - 1, NOW) is None
    assert "410" in (why_to_disable(410, NOW, 1, NOW) or "")


# --- signed how ---------------------------------------------------------------------------------


def test_the_example_of_the_specification():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=200), st.integers(0, 2**33))
def test_every_secret_in_use_signs(key: bytes, body: bytes, timestamp: int):
    old, new = secret_of(key), secret_of(key[::-1] + b"!")
    said = headers([new, old], "id", timestamp, body)
    assert said["webhook-signature"].split(" ") == [sign(one, "id", timestamp, body) for one in (new, old)]
    assert base64.b64decode(old.removeprefix("whsec_")) == key
    assert sign(old, "id", timestamp, body + b" ") != sign(old, "id", timestamp, body)


# --- where to -----------------------------------------------------------------------------------

INSIDE = (
    *("127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"),
    *("0.0.0.0", "100.64.0.1", "192.0.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001::1"),
    *("64:ff9b:1::1", "100::1", "", "example.com", "0x7f.1", "2130706433"),
)
OUTSIDE = (
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
)


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_is_posted_to_the_inside(address: str):
    assert not is_allowed(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_are_posted_to(address: str):
    assert is_allowed(address)
    assert not is_allowed(address, networks("127.0.0.0/8"), only_allowed=True)


@given(st.ip_addresses())
def test_an_address_is_allowed_only_if_it_is_global_or_the_operator_says_so(address: IPv4Address | IPv6Address):
    text = str(address)
    if is_allowed(text):
        assert address.is_global or getattr(address, "ipv4_mapped", None) is not None
        assert not address.is_multicast
    network = f"{address}/{address.max_prefixlen}"
    inner = getattr(address, "ipv4_mapped", None)
    if inner is None and address not in networks("64:ff9b::/96")[0]:
        assert is_allowed(text, networks(network), only_allowed=True)


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: IPv4Address):
    mapped, nat64 = IPv6Address(f"::ffff:{address}"), ip_address(int(IPv6Address("64:ff9b::")) + int(address))
    assert is_allowed(str(mapped)) == is_allowed(str(nat64)) == is_allowed(str(address))


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "//example.com/", "example.com", "https://", "https:///x", ""),
        *("https://user:pass@example.com/", "https://example.com/#here", "https://example.com:0/", "https://ex ample"),
        *(
            "https://example.com:99999/",
            "https://exämple.com/",
            "https://" + "a" * 2000,
            "https://[::1/",
            "https://a\n",
        ),
        *("https://localhost/", "https://LOCALHOST./", "https://db.internal/", "https://printer.local"),
        *("https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "https://10.1.2.3:8443/"),
        *("https://0x7f000001/", "https://2130706433/", "https://127.1/", "https://[::ffff:10.0.0.1]/"),
    ],
)
def test_urls_that_are_refused(url: str):
    with pytest.raises(ValueError, match=r"."):
        checked_url(url)


@pytest.mark.parametrize("url", ["https://example.com/", "https://Example.com:8443/a?b=c", "https://1.1.1.1/x"])
def test_urls_that_are_taken(url: str):
    assert checked_url(url) == url


def test_what_the_operator_allows_may_be_http():
    allowed = networks("127.0.0.0/8, 10.1.0.0/16")
    for url in ("http://127.0.0.1:8080/x", "http://localhost/", "https://10.1.2.3/", "http://intranet/"):
        assert checked_url(url, allowed) == url
    for url in ("http://10.2.0.1/", "http://1.1.1.1/", "https://192.168.0.1/"):
        with pytest.raises(ValueError, match="inside"):
            checked_url(url, allowed)
    with pytest.raises(ValueError, match="host bits"):
        networks("127.0.0.1/8")
