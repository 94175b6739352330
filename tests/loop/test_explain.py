"""Every number explains itself: from a comparison at the front door down to the webhook as Stripe posted it."""

from decimal import Decimal

import pytest

from tests.loop.histories import VENTURES, busy_history, targets
from tests.loop.people import Outside
from tests.loop.system import System


@pytest.mark.timeout(600)
async def test_from_a_comparison_to_the_webhooks_that_made_it(system: System, door: Outside):
    tenant = await door.tenant()
    for name in VENTURES:
        await tenant.venture(name, targets(name))
    history = busy_history(tenant.ventures, 60)
    await tenant.deliver(history)
    system.settle()
    posted = {event["id"] for event in history}
    opened = 0
    for venture in tenant.ventures.values():
        compared = (await tenant.get(f"ventures/{venture}/variances?metric=mrr&current=true"))["items"]
        for row in compared:
            why = await tenant.get(f"ventures/{venture}/variances/mrr/{row['observed_on']}")
            version = await tenant.get(why["plan_version_at"])
            assert version["version"] == row["plan_version"]
            assert Decimal(version["targets"]["target_mrr"]) == Decimal(row["final_target"])
            (observed,) = why["observations"]
            figure = await tenant.get(observed["evidence"][0])
            assert Decimal(figure["effective"]["value"]) == Decimal(row["actual"])
            mine = [part for part in figure["parts"] if part["currency"] == figure["effective"]["currency"]]
            assert sum(Decimal(part["mrr"]) for part in mine) == Decimal(row["actual"])
            assert mine
            for part in mine[:3]:
                for event_id in part["evidence"]:
                    raw = await tenant.get(f"ingestion/raw-events/{event_id}?connection_id={part['connection_id']}")
                    assert raw["event_id"] == event_id
                    assert event_id in posted
                    opened += 1
    assert opened
