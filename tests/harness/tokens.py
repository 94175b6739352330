"""Access tokens as identity makes them, signed by a key of the tests."""

from typing import Any
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from shared.contracts.identity import Role
from shared.kernel.clock import now

_KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig", "alg": "Ed25519"}, auto_kid=False)
JWKS = orjson.dumps(KeySet([_KEY]).as_dict(private=False)).decode()


def access_token(user_id: UUID, roles: dict[UUID, Role], *, version: int = 1, lifetime: int = 900) -> str:
    """A valid token of a user with a role in each organization."""
    return signed(claims_of(user_id, roles, version=version, lifetime=lifetime))


def claims_of(user_id: UUID, roles: dict[UUID, Role], *, version: int = 1, lifetime: int = 900) -> dict[str, Any]:
    """What such a token says."""
    issued = int(now().timestamp())
    return {
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


def signed(claims: dict[str, Any], key: OKPKey = _KEY) -> str:
    """Claims under a signature; of the trusted key, unless another is given."""
    return jwt.encode({"alg": "Ed25519", "kid": "test"}, claims, key, algorithms=["Ed25519"])


def stranger() -> OKPKey:
    """A key that names itself like the trusted one."""
    return OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig", "alg": "Ed25519"}, auto_kid=False)
