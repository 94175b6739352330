import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import text

from shared.kernel.errors import Unauthorized, Unavailable
from shared.platform.auth.tokens import TokenVerifier
from tests.harness.operator import Operator
from tests.service.identity.conftest import FrontDesk

EMAIL = "ada@example.com"


@asynccontextmanager
async def published(desk: FrontDesk) -> AsyncIterator[tuple[TokenVerifier, list[int]]]:
    """A service's verifier that reads the keys over HTTP, and how often it asked."""
    asked: list[int] = []

    async def jwks(_request: web.Request) -> web.Response:
        asked.append(1)
        return web.Response(body=(await desk.http.get("/.well-known/jwks.json")).content)

    app = web.Application()
    app.router.add_get("/jwks", jwks)
    server = TestServer(app)
    await server.start_server()
    try:
        yield TokenVerifier(str(server.make_url("/jwks"))), asked
    finally:
        await server.close()


def kid(token: str) -> str:
    header = token.partition(".")[0]
    return orjson.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]


@pytest.fixture
def operator(desk: FrontDesk, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.setenv("TRUEUP_SECRET_KEY", base64.b64encode(b"k" * 32).decode())
    return Operator(desk.house, monkeypatch)


async def rotated(operator: Operator, *options: str) -> list[dict[str, Any]]:
    ran = await operator("keys", "rotate", "--json", *options)
    assert ran.code == 0, ran.err
    return ran.json


async def test_a_new_key_comes_and_the_old_one_goes_without_anybody_noticing(
    desk: FrontDesk, operator: Operator
) -> None:
    old = (await desk.person(EMAIL))["access_token"]
    async with published(desk) as (verifier, asked):
        assert (await verifier.verify(old)).kid == kid(old)
        first, second = await rotated(operator)
        assert (first["kid"], first["state"], second["state"]) == (kid(old), "signing", "next")
        assert first["retired_at"] > second["signs_from"] > first["signs_from"]
        keys = (await desk.http.get("/.well-known/jwks.json")).json()["keys"]
        assert [key["kid"] for key in keys] == [first["kid"], second["kid"]]
        assert not any("d" in key for key in keys)
        assert kid((await desk.log_in(EMAIL))["access_token"]) == first["kid"], "it is published before it signs"
        async with desk.house.database("identity").transaction() as session:
            await session.execute(
                text("UPDATE owned.signing_keys SET signs_from = now() WHERE kid = :kid"),
                {"kid": second["kid"]},
            )
        new = (await desk.log_in(EMAIL))["access_token"]
        assert kid(new) == second["kid"]
        before = len(asked)
        assert (await verifier.verify(new)).kid == second["kid"], "an unknown key is asked for at once"
        assert (await verifier.verify(old)).kid == first["kid"], "what the old one signed still counts"
        assert len(asked) == before + 1
        assert [one["state"] for one in (await operator("keys", "list", "--json")).json] == ["fading", "signing"]
        with pytest.raises(Unauthorized):
            await verifier.verify(new.replace(".", ".x", 1))
        assert len(asked) == before + 1, "a broken token of a known key asks for nothing"


async def test_a_stolen_key_counts_no_more(desk: FrontDesk, operator: Operator) -> None:
    old = (await desk.person(EMAIL))["access_token"]
    async with published(desk) as (verifier, _asked):
        await verifier.verify(old)
        rows = await rotated(operator, "--at-once")
        assert [row["state"] for row in rows] == ["retired", "signing"]
        new = (await desk.log_in(EMAIL))["access_token"]
        await verifier.verify(new)
        with pytest.raises(Unauthorized):
            await verifier.verify(old)


async def test_known_keys_outlive_an_identity_that_is_away(desk: FrontDesk) -> None:
    token = (await desk.person(EMAIL))["access_token"]
    async with published(desk) as (verifier, _asked):
        await verifier.verify(token)
        other = TokenVerifier("http://127.0.0.1:9/jwks")
    verifier._fetched = verifier._asked = float("-inf")
    other_token = (await desk.log_in(EMAIL))["access_token"]
    assert (await verifier.verify(token)).kid == (await verifier.verify(other_token)).kid
    assert verifier._refreshing is not None
    await verifier._refreshing
    with pytest.raises(Unavailable):
        await other.verify(token)
