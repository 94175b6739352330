"""Secrets at rest: AES-256-GCM under ``TRUEUP_SECRET_KEY``, with a versioned prefix.

The context (what the secret is for, and of whom) is authenticated with it, so that a sealed value
copied to another row does not open there.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PREFIX = "v1."
_NONCE_BYTES = 12
KEY_BYTES = 32


class SealBroken(ValueError):
    """A sealed value does not open: another key, another context, or changed bytes."""


class SecretBox:
    """Seals and opens small secrets. ``key`` is 32 bytes (``Settings.secret_key_bytes``)."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"TRUEUP_SECRET_KEY is base64 of {KEY_BYTES} random bytes")
        self._cipher = AESGCM(key)

    def seal(self, secret: str, context: str) -> str:
        """The secret encrypted, as text: ``v1.`` and base64url of nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), context.encode())
        return _PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, context: str) -> str:
        """The secret again; ``SealBroken`` if the key, the context or a byte differs."""
        if not sealed.startswith(_PREFIX):
            raise SealBroken("unknown version of a sealed secret")
        try:
            raw = base64.b64decode(sealed.removeprefix(_PREFIX), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise SealBroken("a sealed secret does not open with this key and context") from error
