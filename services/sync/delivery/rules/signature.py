"""Signing messages as the Standard Webhooks specification says (https://www.standardwebhooks.com, 1.0.0).

Signed is ``<id>.<timestamp>.<body>``, with HMAC-SHA256 under the bytes that the secret is the base64 of (after
``whsec_``); a signature is ``v1,<base64>``. While secrets are rotated there is one signature for each.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of signing secrets, not one of them


def secret_of(key: bytes) -> str:
    """A signing secret as its receiver keeps it."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message under one secret. ``timestamp``: seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a message."""
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }
