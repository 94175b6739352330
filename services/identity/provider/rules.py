"""OpenID Connect's authorization code flow with PKCE: what is sent, and what is believed of what comes back."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

LOGIN_LIFETIME = timedelta(minutes=10)
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""Signatures of ID tokens; never ``none``, never one with a shared secret."""
LEEWAY_SECONDS = 60
_OWN_PATH = re.compile(r"^/(?![/\\])[^\x00-\x20\\]{0,500}$")


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a provider vouches for."""

    issuer: str
    subject: str
    email: str
    first_name: str
    last_name: str


class NotBelieved(ValueError):
    """The provider's answer does not prove who it is."""


def challenge_of(verifier: str) -> str:
    """The PKCE challenge S256 (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def own_path(wanted: str | None) -> str:
    """A path of our own to return to; anything else is the start page (no open redirect)."""
    return wanted if wanted is not None and _OWN_PATH.match(wanted) else "/"


def authorization_url(endpoint: str, *, client_id: str, redirect_uri: str, scopes: str, **proofs: str) -> str:
    """Where the browser is sent; ``proofs`` are state, nonce and code challenge."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scopes,
        "code_challenge_method": "S256",
        **proofs,
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def person_of(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: datetime) -> Person:
    """Whom an ID token (its signature is verified) speaks of; ``NotBelieved`` unless all of it fits."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer or client_id not in audiences:
        raise NotBelieved("it is of another issuer, or for another client")
    if len(audiences) > 1 and claims.get("azp") != client_id:
        raise NotBelieved("it was issued to another client")
    if claims.get("nonce") != nonce:
        raise NotBelieved("it belongs to another login")
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires + LEEWAY_SECONDS < now.timestamp():
        raise NotBelieved("it has expired")
    subject, email = claims.get("sub"), claims.get("email")
    if not isinstance(subject, str) or not subject or not isinstance(email, str):
        raise NotBelieved("it names no subject or no e-mail address")
    if claims.get("email_verified") not in (True, "true"):
        raise NotBelieved("the provider has not confirmed the e-mail address")
    first, _, last = str(claims.get("name") or email.partition("@")[0]).partition(" ")
    return Person(
        issuer, subject, email, str(claims.get("given_name") or first), str(claims.get("family_name") or last or first)
    )
