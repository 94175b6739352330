"""The gateway before services that are slow, gone, or rude."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import orjson
import pytest
from aiohttp import web

from services.gateway.app import Gateway, with_cors
from services.gateway.headers import SECURITY
from services.gateway.settings import GatewaySettings

DOCUMENT = orjson.dumps({"paths": {"/v1/thing": {"get": {"x-service": "plans"}, "post": {"x-service": "plans"}}}})
PAGE = "https://app.example.com"


class Slow:
    """A service whose answer waits until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0
        self.arrived = asyncio.Semaphore(0)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.arrived.release()
        await self.go.wait()
        return web.json_response({"ok": True}, headers={"X-Frame-Options": "SAMEORIGIN"})


@asynccontextmanager
async def front_door(service: Slow, settings: GatewaySettings) -> AsyncIterator[httpx2.AsyncClient]:
    application = web.Application()
    application.router.add_route("*", "/v1/thing", service.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    gateway = Gateway({"plans": [address]}, DOCUMENT, settings)
    await gateway._forwarder.open()
    app = with_cors(gateway, settings.allowed_origins)
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
            yield client
    finally:
        service.go.set()
        await gateway._forwarder.close()
        await runner.cleanup()


async def test_a_slow_service_ends_in_503_and_not_in_a_hang():
    service = Slow()
    async with front_door(service, GatewaySettings(answer_seconds=0.2)) as client:
        answer = await client.get("/v1/thing")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "did not answer in time" in answer.json()["detail"]
    assert service.asked == 1, "what was sent once is not sent again"


async def test_more_requests_than_a_service_can_take_are_turned_away_at_once():
    service = Slow()
    async with front_door(service, GatewaySettings(requests_at_once=2)) as client:
        waiting = [asyncio.create_task(client.get("/v1/thing")) for _ in range(2)]
        for _ in waiting:
            await asyncio.wait_for(service.arrived.acquire(), 60)
        turned_away = await client.get("/v1/thing")
        service.go.set()
        answers = await asyncio.gather(*waiting)
        again = await client.get("/v1/thing")
    assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "1")
    assert "more requests than it can answer" in turned_away.json()["detail"]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert again.status_code == 200
    assert service.asked == 3


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/nowhere", "/v1/thing"])
async def test_every_answer_tells_browsers_what_they_must_not_do(path: str):
    service = Slow()
    service.go.set()
    async with front_door(service, GatewaySettings()) as client:
        answer = await client.get(path)
    for name, value in SECURITY:
        own = path == "/v1/thing" and name == b"x-frame-options"
        assert answer.headers.get_list(name.decode()) == ["SAMEORIGIN" if own else value.decode()]


async def test_only_pages_of_allowed_origins_may_call():
    service = Slow()
    service.go.set()
    asking = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    async with front_door(service, GatewaySettings(allowed_origins=(PAGE,))) as client:
        allowed = await client.options("/v1/thing", headers={"Origin": PAGE, **asking})
        refused = await client.options("/v1/thing", headers={"Origin": "https://evil.example", **asking})
        answer = await client.get("/v1/thing", headers={"Origin": PAGE})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "ETag" in answer.headers["access-control-expose-headers"]


async def test_every_request_has_an_id_and_what_is_nobodys_is_a_problem():
    service = Slow()
    service.go.set()
    async with front_door(service, GatewaySettings()) as client:
        given = await client.get("/v1/thing", headers={"X-Request-Id": "mine-7"})
        assert (given.status_code, given.headers["x-request-id"]) == (200, "mine-7")
        ids = {(await client.get("/v1/thing")).headers["x-request-id"] for _ in range(2)}
        assert len(ids) == 2, "each its own"
        forged = await client.get("/v1/thing", headers={"X-Request-Id": "a b{}"})
        assert forged.headers["x-request-id"] not in {"a b{}", "mine-7"}
        asked = service.asked
        for method, path, body, status, code in (
            ("GET", "/v1/nothing", b"", 404, "not_found"),
            ("DELETE", "/v1/thing", b"", 405, "method_not_allowed"),
            ("POST", "/v1/thing", b"x" * (2**20 + 1), 413, "body_too_large"),
        ):
            refused = await client.request(method, path, content=body)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.headers["x-request-id"]
            assert refused.headers.get("allow") == ("GET, POST" if status == 405 else None)
        assert service.asked == asked, "no service was asked for what is refused"
        assert (await client.post("/v1/thing", content=b"x" * 2**20)).status_code == 200
