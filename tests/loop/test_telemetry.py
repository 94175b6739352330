"""One trace from the webhook to the alert over all processes, and metrics of every one of them."""

import re
import secrets
from datetime import UTC, datetime, timedelta

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from shared.contracts.topology import SERVICES
from tests.harness.collector import Collector, Span
from tests.loop.histories import targets
from tests.loop.people import Outside, Tenant
from tests.loop.system import ROOT, System
from trueup.demo.door import Endpoint, until
from trueup.stripe_double import CLOVER, Json, StripeAccount

WAY = [
    ("gateway", "POST /webhooks/stripe/{connection_id}"),
    ("ingestion", "POST /webhooks/stripe/*"),
    ("ingestion", "normalise customer.subscription.created"),
    ("ingestion", "publish subscription.changed"),
    ("finance", "process subscription.changed"),
    ("finance", "publish metric.created"),
    ("sync", "process metric.created"),
    ("sync", "publish alert.raised"),
    ("reporting", "process alert.raised"),
]
ATTRIBUTES = {
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "url.scheme",
    "messaging.system",
    "messaging.message.id",
    "messaging.batch.message_count",
    "messaging.destination.name",
    "db.system.name",
    "db.query.summary",
}
FAMILIES = re.compile(r"^\| `(trueup_\w+)` \| ([\w, ]+) \|", re.MULTILINE)
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|evt_|cus_|sub_|@")


async def subscriber(door: Outside) -> tuple[Tenant, list[Json]]:
    """An organization with one plan, and the events of its first customer: far below what was planned."""
    tenant = await door.tenant()
    venture = await tenant.venture("Kopi Loop", targets("Kopi Loop"))
    account, moment = StripeAccount("loop-trace", CLOVER), datetime.now(UTC) - timedelta(hours=2)
    customer = account.customers.create("Customer", moment, metadata={"venture_id": venture})
    price = account.prices.create(9_900, "MYR", moment)
    return tenant, [*customer, *account.subscriptions.start(customer.subject, [(price, 1)], moment)]


async def deliver_traced(tenant: Tenant, event: Json, flags: str) -> tuple[str, str]:
    """Post a webhook as somebody who has begun a trace; gives the ids of the trace and of the caller's span."""
    assert tenant.endpoint is not None
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    headers = {"traceparent": f"00-{trace_id}-{span_id}-{flags}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        endpoint = tenant.endpoint
        await Endpoint(endpoint.connection_id, endpoint.url, endpoint.secret, session).deliver(event)
    return trace_id, span_id


def ancestors(span: Span, spans: dict[str, Span]) -> list[Span]:
    """A span and its parents, the eldest first; the last parent that is known may name one that is not."""
    line = [span]
    while line[0].parent_id in spans:
        line.insert(0, spans[line[0].parent_id])
    return line


async def test_one_trace_leads_from_the_webhook_to_the_alert(system: System, door: Outside, collector: Collector):
    tenant, events = await subscriber(door)
    (started,) = [event for event in events if event["type"] == "customer.subscription.created"]
    await tenant.deliver([event for event in events if event is not started])
    trace_id, caller = await deliver_traced(tenant, started, flags="01")

    def line_of_the_alert() -> list[Span] | None:
        spans = collector.spans
        lines = [ancestors(span, spans) for span in spans.values() if span.name == WAY[-1][1]]
        return next((line for line in lines if line[0].trace_id == trace_id and line[0].service == "gateway"), None)

    line = await until(line_of_the_alert, "the trace of the alert", patience_s=120)

    assert [(span.service, span.name) for span in line] == WAY
    assert line[0].parent_id == caller
    assert {span.trace_id for span in line} == {trace_id}
    mine = [span for span in collector.spans.values() if span.trace_id == trace_id]
    assert not [span for span in mine if span.failed]
    statements = [span for span in mine if "db.query.summary" in span.attributes]
    assert {"ingestion", "finance", "sync"} <= {span.service for span in statements}
    assert {name for span in mine for name in span.attributes} <= ATTRIBUTES


async def test_a_trace_that_nobody_records_leaves_no_span(system: System, door: Outside, collector: Collector):
    tenant, events = await subscriber(door)
    unrecorded = [(await deliver_traced(tenant, event, flags="00"))[0] for event in events]
    begun, _ = await deliver_traced(tenant, events[-1], flags="01")  # known already: it ends at the door

    await until(lambda: begun in {span.trace_id for span in collector.spans.values()} or None, "the later trace", 120)
    system.settle()
    assert not {span.trace_id for span in collector.spans.values()} & set(unrecorded)


def documented() -> dict[str, set[str]]:
    """Each family of metrics, as the parser names it, with the services that have it by the table in the docs."""
    table = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf8")
    every = set(SERVICES) - {"gateway"}
    return {
        name.removesuffix("_total"): every if where == "every" else set(where.split(", "))
        for name, where in FAMILIES.findall(table)
    }


async def test_every_service_shows_the_documented_metrics(system: System, door: Outside):
    tenant, events = await subscriber(door)
    assert tenant.endpoint is not None
    await tenant.deliver(events)
    async with door.session.post(tenant.endpoint.url, data=b"{}", headers={"Stripe-Signature": "t=1,v1=0"}) as refused:
        assert refused.status == 400
    system.settle()

    told = documented()
    for service in SERVICES:
        async with door.session.get(f"{system.url(service)}/metrics") as answer:
            families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
        own = {name for name in families if name.startswith("trueup_")}
        assert {name for name, where in told.items() if service in where} <= own, service
        assert own <= told.keys(), "the table in docs/telemetry.md names them all"
        for family in (families[name] for name in own):
            values = {value for sample in family.samples for value in sample.labels.values()}
            assert not [value for value in values if ID.search(value)], f"{service}: {family.name}"
        assert len([sample for name in own for sample in families[name].samples]) < 2000
    assert await total(system, door, "ingestion", "trueup_webhooks_refused_total", reason="signature_invalid") > 0
    assert await total(system, door, "ingestion", "trueup_http_requests_total", status="200") > 0
    assert await total(system, door, "sync", "trueup_loop_seconds_count", stream="FINANCE") > 0

    async def at_rest() -> bool | None:
        up, waiting = [await total(system, door, "sync", f"trueup_{name}") for name in ("database_up", "outbox_events")]
        return (up, waiting) == (len(urls(system, "sync")), 0) or None

    assert await until(at_rest, "a database that answers, and nothing that waits", 120)


def urls(system: System, service: str) -> list[str]:
    return system.environment[f"TRUEUP_{service.upper()}_URL"].split(",")


async def total(system: System, door: Outside, service: str, sample: str, **labels: str) -> float:
    """The sum of a sample over the replicas of a service."""
    found = 0.0
    for url in urls(system, service):
        async with door.session.get(f"{url}/metrics") as answer:
            for family in text_string_to_metric_families(await answer.text()):
                found += sum(
                    one.value for one in family.samples if one.name == sample and labels.items() <= one.labels.items()
                )
    return found
