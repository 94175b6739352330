"""Another team's client: plain NATS, JSON, and nothing to write."""

import json

import nats
import pytest

from tests.loop.histories import VENTURES, busy_history, targets
from tests.loop.people import Outside
from tests.loop.system import System
from trueup.demo.door import until

LIMIT_S = 90


async def reader(system: System, errors: list[str] | None = None) -> nats.aio.client.Client:
    async def on_error(error: Exception) -> None:
        if errors is not None:
            errors.append(str(error))

    known = system.environment
    return await nats.connect(
        known["TRUEUP_NATS_URL"],
        user=known["TRUEUP_READER_NATS_USER"],
        password=known["TRUEUP_READER_NATS_PASSWORD"],
        inbox_prefix=b"_INBOX_reader",
        error_cb=on_error,
    )


async def test_another_team_subscribes_with_plain_nats_and_reads_json(system: System, door: Outside):
    tenant = await door.tenant()
    client = await reader(system)
    metrics = await client.subscribe(f"metric.created.{tenant.id}")
    await client.flush()
    for name in VENTURES:
        await tenant.venture(name, targets(name))
    await tenant.deliver(busy_history(tenant.ventures, 30))
    message = await metrics.next_msg(timeout=LIMIT_S)
    assert message.headers is not None
    assert message.headers["ce-specversion"] == "1.0"
    assert message.headers["ce-type"] == "metric.created"
    assert message.headers["Nats-Msg-Id"] == message.headers["ce-id"]
    body = json.loads(message.data)
    assert body["organization_id"] == tenant.id
    assert body["venture_id"] in tenant.ventures.values()
    assert isinstance(body["value"], str)
    history = await client.jetstream().subscribe(f"plan.created.{tenant.id}", ordered_consumer=True)
    assert json.loads((await history.next_msg(timeout=LIMIT_S)).data)["targets"]["target_mrr"]
    await client.close()


async def test_the_readers_durable_remembers_what_was_acknowledged(system: System, door: Outside):
    tenant = await door.tenant()
    for name in VENTURES:
        await tenant.venture(name, targets(name))
    subject = f"plan.created.{tenant.id}"
    seen: list[str] = []
    for _attempt in range(len(VENTURES)):
        client = await reader(system)
        subscription = await client.jetstream().pull_subscribe(subject, durable="reader", stream="PLANS")
        (message,) = await subscription.fetch(1, timeout=LIMIT_S)
        await message.ack_sync(timeout=LIMIT_S)
        seen.append(json.loads(message.data)["venture_id"])
        await client.close()
    assert sorted(seen) == sorted(tenant.ventures.values())
    client = await reader(system)
    await client.jetstream().delete_consumer("PLANS", "reader")
    with pytest.raises((nats.errors.TimeoutError, nats.js.errors.APIError, nats.errors.NoRespondersError)):
        await client.jetstream(timeout=1).pull_subscribe(subject, durable="mine", stream="PLANS")
    await client.close()


@pytest.mark.parametrize(
    "subject",
    [
        "metric.created.0197b0c0-0000-7000-8000-000000000000",
        "$JS.API.STREAM.DELETE.FINANCE",
        "$JS.API.CONSUMER.DELETE.FINANCE.sync",
        "$JS.API.CONSUMER.MSG.NEXT.FINANCE.sync",
        "$JS.API.CONSUMER.MSG.NEXT.FINANCE.0197b0c0-0000-7000-8000-000000000000",
        "$JS.API.CONSUMER.CREATE.FINANCE.0197b0c0-0000-7000-8000-000000000000",
        "$JS.API.CONSUMER.DURABLE.CREATE.FINANCE.sync",
        "$JS.ACK.FINANCE.sync.1.1.1.1.1",
        "_wake.finance.relay",
    ],
)
async def test_a_reader_can_write_nothing(system: System, subject: str):
    errors: list[str] = []
    client = await reader(system, errors)
    await client.publish(subject, b"{}")
    await client.flush()

    def refused() -> bool | None:
        return any("permissions violation for publish" in error.lower() for error in errors) or None

    assert await until(refused, "the refusal", LIMIT_S)
    await client.close()
