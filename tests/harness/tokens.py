"""Access tokens as identity makes them, signed by a key of the tests."""

import time
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from shared.contracts.identity import Role

_KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig", "alg": "Ed25519"}, auto_kid=False)
JWKS = orjson.dumps(KeySet([_KEY]).as_dict(private=False)).decode()


def access_token(user_id: UUID, roles: dict[UUID, Role], *, version: int = 1, lifetime: int = 900) -> str:
    """A valid token of a user with a role in each organization."""
    issued = int(time.time())
    claims = {
        "iss": "trueup",
        "aud": "trueup",
        "sub": str(user_id),
        "iat": issued,
        "exp": issued + lifetime,
        "memberships": [
            {"organization_id": str(organization), "role": role.value, "version": version}
            for organization, role in roles.items()
        ],
    }
    return jwt.encode({"alg": "Ed25519", "kid": "test"}, claims, _KEY, algorithms=["Ed25519"])
