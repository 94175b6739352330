"""From a figure at the front door to the inbox, the letter and the webhook; a worker dies in the middle."""

from pathlib import Path

import psycopg

from shared.kernel import clock
from shared.kernel.periods import local_date
from shared.platform import failpoints
from tests.loop.people import Outside
from tests.loop.system import System
from tests.service.sync.telling import is_signed, letters, receiver
from trueup.demo.door import until

ZONE = "Asia/Kuala_Lumpur"


async def test_told_everywhere_and_by_a_worker_that_is_killed_after_posting(system: System, door: Outside):
    tenant = await door.tenant(connection=False)
    venture = await tenant.venture("Kopi", {"target_mrr": "100000", "target_date": "2030-12-31"})
    async with receiver() as program:
        wanted = {"name": "Ops", "url": program.url, "minimum_severity": "CRITICAL", "types": ["alert.raised"]}
        made = await tenant.post("webhook-endpoints", wanted)
        failpoints.drop(system.folder / "run" / "failpoints", "sync", "webhooks.after_post", "kill")
        today = local_date(clock.now(), ZONE).isoformat()
        short = {"metric": "runway_months", "value": "3", "observed_on": today}
        await tenant.post(f"ventures/{venture}/metrics", short)

        mailbox = Path(system.environment["TRUEUP_MAIL_DIR"])
        subject = "CRITICAL: Kopi: "

        async def letter():
            return [one for one in letters(mailbox, tenant.owner.email) if subject in one["Subject"]] or None

        async def in_the_inbox():
            found = (await tenant.get("notifications?severity=CRITICAL"))["items"]
            return [one["alert_type"] for one in found] or None

        async def first():
            return program.requests or None

        async def again():
            # the worker that was killed may have held the letter as well as the webhook
            with psycopg.connect(system.environment["TRUEUP_SYNC_OPERATOR_URL"]) as connection:
                connection.execute("UPDATE owned.errands SET held_until = NULL")
            log = (await tenant.get(f"webhook-endpoints/{made['id']}/deliveries"))["items"]
            return [one for one in log if one["state"] == "delivered"] or None

        await until(first, "the message", 60)
        (delivery,) = await until(again, "the message again", 120)
        assert await until(in_the_inbox, "the notification", 60) == ["RUNWAY_LOW"]
        assert len(await until(letter, "the letter", 120)) == 1
        assert len(program.requests) >= 2
        assert {request.id for request in program.requests} == {delivery["id"]}
        assert all(is_signed(made["secret"], request.headers, request.body) for request in program.requests)
