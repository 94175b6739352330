"""The compose file, really run: Stripe's webhooks go in at the published gateway, a variance and a report come out."""

import io
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from shared.contracts.topology import SERVICES, nats_users
from shared.kernel import clock
from shared.platform.auth.nats_tokens import Issuer, new_seed
from tests.deploy.bus_rights import everybody_has_their_rights_and_no_more
from tests.deploy.compose import ROOT, Compose
from tests.deploy.conftest import REPLICAS, containers_of, wait_until_healthy
from tests.loop.histories import busy_history, targets
from tests.loop.system import NOT_SETTLED
from trueup.contract.bus_server import ISSUER_VARIABLE, password_variable
from trueup.demo.door import Door, Endpoint, Person, deliver_all, until

EVENTS = 60
PATIENCE_S = 120.0


async def test_every_service_runs_as_often_as_asked_and_is_healthy_and_not_root(running: Compose, docker: Any):
    for service in SERVICES:
        found = containers_of(docker, running, service)
        assert len(found) == REPLICAS.get(service, 1)
        for container in found:
            assert container.attrs["Config"]["User"] == "10001:10001"
            assert container.exec_run(["id", "-u"]).output.strip() == b"10001"
            assert container.exec_run(["touch", "/app/x"]).exit_code != 0
            assert container.exec_run(["trueup-ready"]).exit_code == 0
    [migrate] = containers_of(docker, running, "migrate")
    assert (migrate.status, migrate.attrs["State"]["ExitCode"]) == ("exited", 0)


async def test_only_the_gateway_is_published_and_only_here(running: Compose, docker: Any):
    for service in ("postgres", "nats", *SERVICES):
        for container in containers_of(docker, running, service):
            published = [address["HostIp"] for ports in container.ports.values() for address in ports or ()]
            assert published == (["127.0.0.1"] if service == "gateway" else [])


async def test_from_a_signed_webhook_to_a_variance_a_proof_and_a_report(running: Compose, docker: Any, image: str):
    # a connection for each request: none outlives the gateway that is stopped below
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=90)) as session:
        door = Door(running.url, session)
        owner = await person(running, door)
        settings = {"currency": "MYR", "timezone": "Asia/Kuala_Lumpur"}
        created = await door.post("/v1/organizations", owner, {"name": "In containers", "settings": settings})
        await door.log_in(owner)
        path = f"/v1/organizations/{created.get('organization', created)['id']}"

        ventures = {}
        for name in ("Kopi Loop", "Tuisyen Loop"):
            ventures[name] = (await door.post(f"{path}/ventures", owner, {"name": name, "stage": "GROWTH"}))["id"]
            plan = {"strategy": {}, "targets": targets(name)}
            await door.call("PUT", f"{path}/ventures/{ventures[name]}/plan", owner, plan)
        made = await door.post(f"{path}/ingestion/stripe-connections", owner, {"name": "Stripe", "livemode": False})
        endpoint = Endpoint(made["id"], f"{running.url}/webhooks/stripe/{made['id']}", made["webhook_secret"], session)
        events = busy_history(ventures, EVENTS)
        await deliver_all([(endpoint, event) for event in events], 8, bool)

        await until(has(door, owner, f"{path}/ventures/{ventures['Kopi Loop']}/variances"), "a variance", PATIENCE_S)
        proof = await until(settled(running), "quiet", PATIENCE_S)
        assert proof.returncode == 0, proof.stdout + proof.stderr
        assert "0 differences" in proof.stdout

        today = clock.now().date()
        asked = {"template": "quarterly", "period": f"{today.year}-Q{(today.month + 2) // 3}"}
        report = await door.post(f"{path}/reports", owner, asked)
        paper = await door.get(f"{path}/reports/{report['id']}/pdf", owner)
        assert paper.startswith(b"%PDF"), "the image has what prints"

        # a bad release of one service, and the one before it back in its place (docs/operations.md)
        only_sync = ("up", "--detach", "--no-deps", "--scale", f"sync={REPLICAS['sync']}", "sync")
        running.with_image(without_its_code(docker, image, "sync"))(*only_sync)
        await until(lambda: away(running, session, "sync"), "a gateway that misses sync", PATIENCE_S)
        more = busy_history(ventures, EVENTS, seed=8)
        await deliver_all([(endpoint, event) for event in more], 8, bool)
        running(*only_sync)
        wait_until_healthy(docker, running)
        proof = await until(settled(running), "quiet", PATIENCE_S)
        assert proof.returncode == 0, proof.stdout + proof.stderr
        raw = await door.every(f"{path}/ingestion/raw-events", owner)
        assert len(raw) == len({event["id"] for event in (*events, *more)})

        before = json.loads(running.trueup("figures", "--json"))
        assert any(figure["figure"].startswith("sync.variance") for figure in before)
        running("stop")
        running("start")
        wait_until_healthy(docker, running)
        await door.log_in(owner)
        assert json.loads(running.trueup("figures", "--json")) == before


async def test_the_bus_in_a_container_gives_everybody_their_rights_and_no_more(docker: Any):
    passwords = {user.name: secrets.token_hex(24) for user in nats_users()}
    server = DockerContainer("nats:2.15-alpine").with_command("--config /etc/nats/trueup.conf").with_exposed_ports(4222)
    server.with_volume_mapping(str(ROOT / "deploy/nats/nats.conf"), "/etc/nats/trueup.conf", "ro")
    server.waiting_for(LogMessageWaitStrategy("Server is ready"))
    for name, password in passwords.items():
        server.with_env(password_variable(name), f'"{password}"')
    server.with_env(ISSUER_VARIABLE, f'"{Issuer(new_seed()).name}"')
    with server:
        url = f"nats://{server.get_container_host_ip()}:{server.get_exposed_port(4222)}"
        await everybody_has_their_rights_and_no_more(url, passwords)


def without_its_code(docker: Any, image: str, service: str) -> str:
    """An image in which a service cannot start."""
    lines = f"FROM {image}\nUSER 0\nRUN rm /app/services/{service}/app.py\nUSER 10001:10001\n"
    tag = "trueup-test:bad"
    docker.images.build(fileobj=io.BytesIO(lines.encode()), tag=tag, rm=True)
    return tag


async def away(running: Compose, session: aiohttp.ClientSession, service: str) -> bool | None:
    """True when the gateway says that this service, and no other, is not ready."""
    async with session.get(f"{running.url}/readyz") as answer:
        checks = (await answer.json())["checks"]
    return [name for name, state in checks.items() if state != "ok"] == [service] or None


def settled(running: Compose) -> Callable[[], Any]:
    """What ``verify`` says once nothing moves any more."""

    def ask() -> Any:
        proof = running("run", "--rm", "-T", "trueup", "verify", check=False)
        return None if proof.returncode == NOT_SETTLED else proof

    return ask


def has(door: Door, who: Person, path: str) -> Callable[[], Awaitable[Any]]:
    """A list's items as soon as it has some."""

    async def look() -> Any:
        return (await door.get(path, who))["items"] or None

    return look


async def person(running: Compose, door: Door) -> Person:
    """Somebody registered, verified by the letter that lies in identity's volume, and logged in."""
    who = Person("ada@example.com", "correct horse containers", "Ada", "Lim")
    names = {"first_name": who.first_name, "last_name": who.last_name}
    await door.post("/v1/auth/register", None, {"email": who.email, "password": who.password} | names)
    token = await until(
        lambda: next((letter["token"] for letter in running.letters(who.email) if letter["token"]), None),
        "the letter",
        PATIENCE_S,
    )
    await door.post("/v1/auth/verify-email", None, {"token": token})
    await door.log_in(who)
    return who
