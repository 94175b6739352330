"""The proof proves something: what is tampered with is found and named; replays and rebuilds change nothing."""

import json
import os
import signal
from typing import Any

import psycopg
import pytest

from tests.loop.histories import VENTURES, busy_history, targets
from tests.loop.people import Outside, Tenant
from tests.loop.system import System


@pytest.fixture
async def tenant(system: System, door: Outside) -> Tenant:
    """An organization with figures of every kind."""
    tenant = await door.tenant()
    for name in VENTURES:
        await tenant.venture(name, targets(name))
    await tenant.deliver(busy_history(tenant.ventures, 120))
    return tenant


def change(system: System, service: str, statement: str, *parameters: Any) -> list[tuple]:
    with psycopg.connect(system.environment[f"TRUEUP_{service.upper()}_OPERATOR_URL"]) as connection:
        return connection.execute(statement, parameters).fetchall()


PAYMENT = """
UPDATE owned.payments SET amount_minor = amount_minor + %s
WHERE (organization_id, payment_id) = (%s, (SELECT max(payment_id) FROM owned.payments WHERE organization_id = %s))
RETURNING payment_id
"""
METRIC = """
UPDATE owned.metrics SET value = value + %s
WHERE (organization_id, venture_id, metric, observed_on) = (
  SELECT organization_id, venture_id, metric, observed_on FROM owned.metrics
  WHERE organization_id = %s AND metric = 'arr' ORDER BY observed_on DESC, venture_id LIMIT 1)
RETURNING observed_on::text
"""
VARIANCE = """
UPDATE owned.variances SET variance_pct = variance_pct + %s
WHERE organization_id = %s AND current AND metric = 'mrr' AND variance_pct IS NOT NULL RETURNING status
"""
PROJECTION = """
UPDATE owned.projections SET start_revenue = start_revenue + %s WHERE organization_id = %s AND origin = 'baseline'
RETURNING plan_version
"""
EVENT = "SELECT event_id::text FROM platform.event_log WHERE organization_id = %s AND event_type = 'payment.received'"
FORGOTTEN = "DELETE FROM platform.inbox WHERE event_id::text = %s RETURNING 1"


@pytest.mark.timeout(600)
async def test_what_is_tampered_with_is_found_and_named(system: System, tenant: Tenant):
    system.settle()
    (payment,) = change(system, "ingestion", PAYMENT, 1, tenant.id, tenant.id)[0]
    (day,) = change(system, "finance", METRIC, 1, tenant.id)[0]
    assert change(system, "sync", VARIANCE, 1, tenant.id)
    assert change(system, "sync", PROJECTION, 1, tenant.id)
    (event,) = change(system, "ingestion", EVENT, tenant.id)[0]
    assert change(system, "finance", FORGOTTEN, event)

    found = system.trueup("verify", "--json", check=False)

    change(system, "ingestion", PAYMENT, -1, tenant.id, tenant.id)
    change(system, "finance", METRIC, -1, tenant.id)
    change(system, "sync", VARIANCE, -1, tenant.id)
    change(system, "sync", PROJECTION, -1, tenant.id)
    change(system, "finance", "INSERT INTO platform.inbox SELECT %s::uuid RETURNING 1", event)
    assert found.returncode == 1, found.stdout + found.stderr
    proof = json.loads(found.stdout)
    wrong = {result["name"]: result["examples"] for result in proof["results"] if result["differences"]}
    assert set(wrong) == {"payments", "metrics", "comparisons", "projections", "delivered"}
    assert wrong["payments"][0].startswith(f"{tenant.slug} / {payment}: amount_minor is ")
    assert wrong["metrics"][0].startswith(f"{tenant.slug} / ")
    assert f" / arr / {day}: value is " in wrong["metrics"][0]
    assert all(f"{tenant.slug} / " in line and " / mrr / " in line for line in wrong["comparisons"])
    assert wrong["delivered"] == [f"finance never applied {event} of ingestion"]


async def test_a_system_that_does_not_come_to_rest_is_not_judged(system: System, tenant: Tenant):
    system.settle()
    stopped = [process["pid"] for process in system.processes("sync")]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        await tenant.deliver(busy_history(tenant.ventures, 40, seed=2))
        asked = system.trueup("verify", "--patience", "1", "--json", check=False)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    told = json.loads(asked.stdout)
    assert (asked.returncode, told["results"]) == (3, [])
    assert any(line.startswith("sync: ") and "not yet applied" in line for line in told["moving"])
    system.settle()


@pytest.mark.timeout(600)
async def test_replays_rebuilds_and_re_emission_change_nothing(system: System, tenant: Tenant):
    system.settle()
    before = system.figures(slug=tenant.slug)
    for service in ("finance",):
        replayed = system.trueup("replay", "--service", service)
        assert "0 failed; 0 batches had something to tell" in replayed.stdout
        assert ", 0 differences" in replayed.stdout
    for service in ("ingestion", "reporting"):
        rebuilt = system.trueup("rebuild", "--service", service)
        assert "0 derived rows corrected" in rebuilt.stdout
        assert ", 0 differences" in rebuilt.stdout
    for service in ("plans", "ingestion"):
        system.trueup("re-emit", "--service", service, "--since", "all")
    system.settle()
    assert system.figures(slug=tenant.slug) == before
