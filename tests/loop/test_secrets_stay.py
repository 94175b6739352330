"""Passwords, tokens, keys: in what a run writes, none of them is found."""

import asyncio

import psycopg
import pytest
from psycopg import sql

from shared.contracts.topology import SERVICES
from tests.loop.histories import VENTURES, busy_history, targets
from tests.loop.people import Outside, Tenant
from tests.loop.system import System
from trueup.demo.door import Person, Refused
from trueup.demo.mailbox import VERIFY


async def told_secrets(system: System, door: Outside) -> tuple[Tenant, dict[str, str]]:
    """A tenant that used everything that is secret, also wrongly, and the secrets by what they are."""
    tenant = await door.tenant()
    assert tenant.endpoint is not None
    owner = tenant.owner
    session = await tenant.door.post("/v1/auth/login", None, {"email": owner.email, "password": owner.password})
    key = await tenant.post("api-keys", {"name": "A program", "role": "viewer"})
    second = await tenant.door.post("/v1/auth/second-factor", owner, {"password": owner.password})
    hook = await tenant.post("webhook-endpoints", {"name": "Ops", "url": "https://hooks.example.com/"})
    wrong = f"wrong {owner.password}"
    for path, body in (
        ("/v1/auth/login", {"email": owner.email, "password": wrong}),
        ("/v1/auth/login", {"email": owner.email, "password": {"is": wrong}}),
        ("/v1/auth/register", {"email": "no address", "password": wrong, "surprise": wrong}),
        ("/v1/auth/refresh-token", {"refresh_token": session["refresh_token"] + "x"}),
        ("/v1/auth/reset-password", {"token": "no token", "new_password": wrong}),
    ):
        with pytest.raises(Refused) as refused:
            await tenant.door.post(path, None, body)
        assert wrong not in str(refused.value.problem), path
    program = Person("", "", "A", "program", token=key["key"])
    await tenant.door.patiently("GET", f"{tenant.path}/ventures", program)
    await tenant.door.post("/v1/auth/forgot-password", None, {"email": owner.email})
    name = next(iter(VENTURES))
    await tenant.venture(name, targets(name))
    await tenant.deliver(busy_history(tenant.ventures, 20))
    return tenant, {
        "password": owner.password,
        "access token": session["access_token"],
        "refresh token": session["refresh_token"],
        "API key": key["key"],
        "webhook secret": tenant.endpoint.secret,
        "second factor": second["secret"],
        "signing secret of a webhook": hook["secret"],
        "verification token": door.mailbox.token(owner.email, VERIFY) or "",
        "signing key of the run": system.environment["TRUEUP_SECRET_KEY"],
    }


async def test_no_secret_is_in_logs_events_or_databases(system: System, door: Outside):
    tenant, secrets = await told_secrets(system, door)
    assert all(len(secret) > 10 for secret in secrets.values()), "each is there to be looked for"
    system.settle()

    written = {"the log": (system.folder / "supervisor.log").read_text(encoding="utf8", errors="replace")}
    for service in set(SERVICES) - {"gateway"}:
        written |= await asyncio.to_thread(everything_stored, system, service)
    told = await asyncio.to_thread(system.trueup, "events", "tail", ">", "--all", "--no-follow", "--json")
    written["the events"] = told.stdout

    assert any(tenant.owner.email in text for text in written.values()), "the reading reads"
    found = [
        f"{what} in {where}" for where, text in written.items() for what, secret in secrets.items() if secret in text
    ]
    assert not found


def everything_stored(system: System, service: str) -> dict[str, str]:
    """Every row of every table of a service's database, as text."""
    rows: dict[str, str] = {}
    with psycopg.connect(system.environment[f"TRUEUP_{service.upper()}_OPERATOR_URL"]) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema IN ('owned', 'model', 'platform') AND table_type = 'BASE TABLE'"
        ).fetchall()
        assert tables
        for schema, table in tables:
            query = sql.SQL("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {} t").format(
                sql.Identifier(schema, table)
            )
            (text,) = connection.execute(query).fetchone() or ("",)
            rows[f"{service}.{schema}.{table}"] = text
    return rows
