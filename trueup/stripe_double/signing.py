"""Stripe's webhook signature, scheme v1 (https://docs.stripe.com/webhooks#verify-manually)."""

import hmac
from hashlib import sha256


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """The ``Stripe-Signature`` header for a raw body: HMAC-SHA256 of ``timestamp.body``, in hex."""
    digest = hmac.new(secret.encode(), b"%d.%b" % (timestamp, body), sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
