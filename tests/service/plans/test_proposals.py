from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.plans import PlanUpdated
from shared.contracts.sync import TargetsProposed
from shared.kernel.ids import new_id
from tests.service.plans.desk import TARGETS, Desk

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def proposed(desk: Desk, plan_id: str, proposal_id: UUID, **given: Any) -> TargetsProposed:
    return TargetsProposed.model_validate(
        {
            "organization_id": desk.org.id,
            "proposal_id": proposal_id,
            "venture_id": UUID(desk.venture_id),
            "version": 1,
            "plan_id": UUID(plan_id),
            "plan_version": 1,
            "status": "open",
            "targets": {"target_mrr": "80000"},
            "reason": "MRR left its path for three months",
            "months": ("2026-01", "2026-02", "2026-03"),
            "proposed_at": NOW,
            "changed_at": NOW,
        }
        | given
    )


async def propose(desk: Desk, **given: Any) -> str:
    plan = await desk.read()
    proposal_id = given.pop("proposal_id", new_id())
    await desk.house.publish(proposed(desk, plan["id"], proposal_id, plan_version=plan["version"], **given))
    await desk.house.settle()
    return f"{desk.path}/proposals/{proposal_id}"


async def test_a_proposal_is_shown_and_accepted_as_a_new_version(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    path = await propose(desk)
    assert (await desk.read())["version"] == 1
    assert (await desk.read())["proposals_waiting"] == 1
    (shown,) = (await desk.client.get(f"{desk.path}/proposals")).json()["items"]
    assert (shown["state"], shown["allowed_actions"]) == ("open", ["accept", "decline"])
    assert [(one["field"], one["old"], one["new"]) for one in shown["changes"]] == [
        ("targets.target_mrr", "100000.00", "80000"),
        ("targets.target_arr", "1200000.00", "960000.00"),
    ]
    assert (await desk.client.post(f"{path}/accept", json={"version": 9})).status_code == 409
    accepted = (await desk.client.post(f"{path}/accept", headers={"If-Match": '"1"'})).json()
    assert (accepted["version"], accepted["targets"]["target_mrr"], accepted["proposals_waiting"]) == (2, "80000", 0)
    assert accepted["strategy"]["vision"] == "one"
    assert accepted["accepted_proposal_id"] == shown["id"]
    (shown,) = (await desk.client.get(f"{desk.path}/proposals")).json()["items"]
    assert (shown["state"], shown["accepted_version"], shown["changes"]) == ("accepted", 2, [])
    again = await desk.client.post(f"{path}/accept")
    assert (again.status_code, again.json()["code"]) == (409, "proposal_closed")
    await desk.house.settle()
    (event,) = await desk.house.events("PLANS", PlanUpdated)
    assert isinstance(event, PlanUpdated)
    assert (str(event.accepted_proposal_id), event.financial_change) == (shown["id"], True)
    assert (await desk.activity())[0] == "Accepted proposed targets as version 2 of the plan"


async def test_a_plan_that_moved_on_supersedes_it_a_new_text_does_not(desk: Desk) -> None:
    await desk.save(targets=TARGETS)
    path = await propose(desk)
    await desk.save(strategy={"vision": "new"}, targets=TARGETS)
    assert (await desk.client.get(f"{desk.path}/proposals")).json()["items"][0]["state"] == "open"
    await desk.save(targets=TARGETS | {"target_mrr": "70000"})
    refused = await desk.client.post(f"{path}/accept")
    assert (refused.status_code, refused.json()["allowed_actions"]) == (409, ["decline"])
    assert "targets.target_mrr" in refused.json()["changed_fields"]
    declined = (await desk.client.post(f"{path}/decline", json={"note": "we did already"})).json()
    assert (declined["state"], declined["note"], declined["allowed_actions"]) == ("declined", "we did already", [])


async def test_sync_withdraws_what_no_longer_stands_in_any_order(desk: Desk) -> None:
    await desk.save(targets=TARGETS)
    proposal_id = new_id()
    path = await propose(desk, proposal_id=proposal_id, version=2, status="withdrawn")
    await propose(desk, proposal_id=proposal_id)
    assert (await desk.client.get(f"{desk.path}/proposals")).json()["items"][0]["state"] == "withdrawn"
    assert (await desk.client.post(f"{path}/accept")).status_code == 409
    assert (await desk.read())["proposals_waiting"] == 0


async def test_a_proposal_that_the_plan_cannot_hold_is_refused_by_field(desk: Desk) -> None:
    await desk.save(targets=TARGETS)
    path = await propose(desk, targets={"target_date": "2026-01-31"})
    refused = await desk.client.post(f"{path}/accept")
    assert (refused.status_code, refused.json()["errors"][0]["loc"][-1]) == (422, "target_date")
    assert (await desk.client.get(f"{desk.path}/proposals")).json()["items"][0]["state"] == "open"


async def test_a_proposal_belongs_to_its_venture_and_organization(desk: Desk) -> None:
    await desk.save(targets=TARGETS)
    path = await propose(desk)
    stranger = desk.house.client("plans", await desk.house.organization(slug="other", name="Other"))
    assert (await stranger.get(f"{desk.path}/proposals")).status_code == 404
    assert (await stranger.post(f"{path}/accept")).status_code == 404
    assert (await desk.client.post(f"{desk.path}/proposals/{new_id()}/accept")).status_code == 404
