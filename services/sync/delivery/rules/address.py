"""To which addresses is posted: what anybody can reach, nothing inside (server-side request forgery)."""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

LONGEST_URL = 2000
_NAT64 = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"), IPv6Network("64:ff9b:1::/48"))
_HOST_ITSELF = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")


def networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, with commas between; ``ValueError`` if one is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_allowed(address: str, allowed: Sequence[Network] = (), *, only_allowed: bool = False) -> bool:
    """Whether may be posted to an IP address: one that is public, or in a network that the operator allows.

    ``only_allowed``: public ones do not count (what is not encrypted stays inside). Addresses that carry an IPv4
    address inside are judged by that; tunnels, whose other end is unknown, are none.
    """
    try:
        found: Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(found)
    if any(inner.version == network.version and inner in network for network in allowed):
        return True
    return not only_allowed and _is_public(inner)


def _inner(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.is_site_local or any(address in tunnel for tunnel in _TUNNELS)):
        return False
    inside = address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified
    return address.is_global and not (inside or address.is_multicast or address.is_reserved)


def checked_url(url: str, allowed: Sequence[Network] = ()) -> str:
    """A URL that may be posted to as far as its text can say; ``ValueError`` says what is wrong with it.

    Where its name leads is seen when it is posted to, each time anew.
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(character <= " " for character in url):
        raise ValueError(f"a URL is at most {LONGEST_URL} ASCII characters without spaces")
    parts = urlsplit(url)
    if parts.scheme not in (("https", "http") if allowed else ("https",)):
        raise ValueError("a URL that messages go to begins with https://")
    host = parts.hostname
    if not host or parts.port == 0:
        raise ValueError("the URL names no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL carries no user and password here: messages are signed")
    if parts.fragment:
        raise ValueError("a URL that messages go to has no fragment")
    if not allowed and (host.rstrip(".") == _HOST_ITSELF[0] or host.rstrip(".").endswith(_HOST_ITSELF[1:])):
        raise ValueError("the URL leads inside; messages go to public addresses only")
    if _is_literal(host) and not is_allowed(host, allowed, only_allowed=parts.scheme == "http"):
        raise ValueError("the URL leads inside; messages go to public addresses only")
    return url


def _is_literal(host: str) -> bool:
    """Whether a host is an address by itself; in odd notations of IPv4 (``0x7f.1``, ``2130706433``) too."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        return last.isdigit() or last.startswith("0x")
    return True
