"""The public keys over HTTP."""

from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from services.identity.door.entrance import LIMITED, AtTheDoor
from services.identity.token import use_cases
from shared.platform.http.routing import PublicRouter

router = PublicRouter(tags=["tokens"], prefix="/.well-known")

_CACHE_SECONDS = 300


class KeySetOut(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


@router.get("/jwks.json", operation_id="getJwks", responses=LIMITED)
async def get_jwks(door: AtTheDoor, request: Request, response: Response) -> KeySetOut:
    """The public keys (Ed25519) that access tokens are signed with."""
    if "x-forwarded-for" in request.headers:
        # From outside, through the gateway; the services themselves ask directly, and must not be kept waiting.
        await door.admit("jwks")
    async with door.transaction() as session:
        keys = await use_cases.published_keys(session, door.box, door.now)
    response.headers["Cache-Control"] = f"public, max-age={_CACHE_SECONDS}"
    return KeySetOut(keys=keys)
