"""The public keys over HTTP."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from services.identity.settings import Box
from services.identity.token import use_cases
from shared.platform.http.call import PublicCall
from shared.platform.http.routing import PublicRouter

router = PublicRouter(tags=["tokens"], prefix="/.well-known")

_CACHE_SECONDS = 300


class KeySetOut(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


@router.get("/jwks.json", operation_id="getJwks")
async def get_jwks(call: PublicCall, box: Box, response: Response) -> KeySetOut:
    """The public keys (Ed25519) that access tokens are signed with."""
    response.headers["Cache-Control"] = f"public, max-age={_CACHE_SECONDS}"
    return KeySetOut(keys=await use_cases.published_keys(call.session, box, call.now))
