"""Tokens that a NATS server believes: JSON web tokens, signed by the nkey of an account.

An nkey is an Ed25519 key in base32 with a letter for what it stands for (``A`` an account, ``SA`` its seed) and a
checksum. The server has the public half in its configuration; who holds the seed says who else may enter, and for what.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ACCOUNT, _SEED = 0, 18 << 3
_KEY_BYTES, _CHECKSUM_BYTES = 32, 2
_HEADER = b'{"typ":"JWT","alg":"ed25519-nkey"}'


def new_seed() -> str:
    """The seed of a new account key (``SA...``)."""
    return _encoded(bytes([_SEED | _ACCOUNT >> 5, (_ACCOUNT & 31) << 3]) + secrets.token_bytes(_KEY_BYTES))


class Issuer:
    """Signs tokens.

    Args:
        seed: Of an account's nkey.

    Raises:
        ValueError: That is no such seed. The text does not show it.
    """

    def __init__(self, seed: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_key_of(seed))
        self.name = _encoded(bytes([_ACCOUNT]) + self._key.public_key().public_bytes_raw())

    def signed(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims and ours: who issued it, and an id."""
        body = orjson.dumps({"iss": self.name, "jti": secrets.token_hex(16), **claims})
        text = _url_safe(_HEADER) + b"." + _url_safe(body)
        return (text + b"." + _url_safe(self._key.sign(text))).decode()


def claims_of(token: bytes) -> dict[str, Any]:
    """What a token says; its signature is not looked at.

    Raises:
        ValueError: That is no token.
    """
    try:
        body = token.split(b".")[1]
        claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    except (IndexError, binascii.Error, orjson.JSONDecodeError) as error:
        raise ValueError("not a token") from error
    return claims


def _key_of(seed: str) -> bytes:
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error:
        raw = b""
    said, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    if not seed.startswith("SA") or len(said) != 2 + _KEY_BYTES or checksum != _checksum(said):
        raise ValueError("not the seed of an account's nkey (SA...)")
    return said[2:]


def _encoded(raw: bytes) -> str:
    return base64.b32encode(raw + _checksum(raw)).decode().rstrip("=")


def _checksum(raw: bytes) -> bytes:
    return binascii.crc_hqx(raw, 0).to_bytes(_CHECKSUM_BYTES, "little")


def _url_safe(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
