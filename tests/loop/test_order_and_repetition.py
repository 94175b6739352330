"""Whatever order, however often: the same company, the same figures."""

import asyncio
from random import Random

from tests.loop.histories import VENTURES, VERSIONS, busy_history, targets
from tests.loop.people import Outside, Tenant
from tests.loop.system import System


async def company(door: Outside) -> Tenant:
    """An organization with the ventures of the histories."""
    tenant = await door.tenant()
    for name in VENTURES:
        await tenant.venture(name, targets(name))
    return tenant


async def test_any_order_and_repetition_ends_in_the_same_figures(system: System, door: Outside):
    rng = Random(11)
    pairs: list[tuple[Tenant, Tenant]] = []
    for version in VERSIONS:
        calm, stormy = await company(door), await company(door)
        await calm.deliver(busy_history(calm.ventures, 150, version=version), at_once=1)
        events = busy_history(stormy.ventures, 150, version=version)
        shuffled = events + rng.sample(events, 60)
        rng.shuffle(shuffled)
        await stormy.deliver(shuffled, at_once=16)
        pairs.append((calm, stormy))

    system.settle()
    for calm, stormy in pairs:
        expected = system.figures(slug=calm.slug)
        assert system.figures(slug=stormy.slug) == expected
        assert any(figure["figure"].startswith("sync.variance") for figure in expected), "something was compared"


async def test_the_same_event_at_both_replicas_at_once_counts_once(system: System, door: Outside):
    tenant, once = await company(door), await company(door)
    assert tenant.endpoint is not None
    ingestion = system.environment["TRUEUP_INGESTION_URL"].split(",")
    assert len(ingestion) == 2
    events = busy_history(tenant.ventures, 60)
    at_both = [
        type(tenant.endpoint)(
            tenant.endpoint.connection_id,
            f"{url}/webhooks/stripe/{tenant.endpoint.connection_id}",
            tenant.endpoint.secret,
            door.session,
        )
        for url in ingestion
    ]
    for event in events:
        await asyncio.gather(*(endpoint.deliver(event) for endpoint in at_both for _ in range(2)))
    await once.deliver(busy_history(once.ventures, 60), at_once=1)

    system.settle()
    listed = await tenant.door.every(f"{tenant.path}/ingestion/raw-events", tenant.owner)
    assert len(listed) == len(events)
    assert system.figures(slug=tenant.slug) == system.figures(slug=once.slug)
