"""PORTFOLIO_UNBALANCED: one open alert an organization, at the venture that holds too much, gone when none does."""

from shared.contracts.identity import Role
from shared.contracts.sync import AlertRaised, AlertResolved, AlertType, NotificationCreated
from shared.kernel.clock import today
from tests.harness.house import House
from tests.service.sync.stories import Venture, a_house_with_sync, answer
from tests.service.sync.telling import Person, inbox

ZONE = "Asia/Kuala_Lumpur"
UNBALANCED = "PORTFOLIO_UNBALANCED"


async def told(house, organization):
    """The ventures at which the alert stands open, by name of the venture."""
    items = (await answer(house, organization, f"/alerts?status=open&type={UNBALANCED}"))["items"]
    return [item["venture_id"] for item in items]


async def test_it_follows_the_shares_with_three_replicas(house: House):
    organization, kopi = await a_house_with_sync(house, replicas=3)
    teh, susu = Venture(organization.id, "Teh"), Venture(organization.id, "Susu")
    limited = Person(organization, Role.MEMBER, ventures=(teh.id,))
    await house.publish(teh.created(), susu.created(), limited.joined())
    day = today(ZONE)

    await house.publish(kopi.metric(day, "900"))
    await house.settle()
    assert await told(house, organization) == [], "one venture alone is no portfolio"

    await house.publish(teh.metric(day, "600"))
    await house.settle()
    assert await told(house, organization) == [], "exactly 60 % is not more than 60 %"

    await house.publish(teh.metric(day, "599", revision=2))
    await house.settle()
    assert await told(house, organization) == [str(kopi.id)]
    heard = {notice["alert_type"] for notice in await inbox(house, limited)}
    assert UNBALANCED not in heard, "it stands at a venture that this member does not see"

    # The share moves to another venture: one alert ends, the other begins.
    await house.publish(*[susu.metric(day, str(amount), revision=amount) for amount in range(4000, 4010)])
    await house.settle()
    assert await told(house, organization) == [str(susu.id)]
    raised = [
        event for event in await house.events("SYNC", AlertRaised) if event.type is AlertType.PORTFOLIO_UNBALANCED
    ]
    resolved = [
        event for event in await house.events("SYNC", AlertResolved) if event.type is AlertType.PORTFOLIO_UNBALANCED
    ]
    assert ([event.venture_id for event in raised], [event.venture_id for event in resolved]) == (
        [kopi.id, susu.id],
        [kopi.id],
    )
    assert {event.alert_type for event in await house.events("SYNC", NotificationCreated)} >= {
        AlertType.PORTFOLIO_UNBALANCED
    }

    # An archived venture is no part of it any more.
    await house.publish(susu.archived())
    await house.settle()
    assert await told(house, organization) == [str(kopi.id)]


async def test_its_limit_is_the_organizations_and_dismissed_it_is_quiet(house: House):
    organization, kopi = await a_house_with_sync(house)
    teh = Venture(organization.id, "Teh")
    day = today(ZONE)
    await house.publish(teh.created(), kopi.metric(day, "700"), teh.metric(day, "300"))
    await house.settle()
    assert await told(house, organization) == [str(kopi.id)]

    client = house.client("sync", organization)
    body = {"limits": {UNBALANCED: {"warning": "70"}}}
    refused = await client.put(f"/ventures/{kopi.id}/alert-limits", json=body)
    assert (refused.status_code, "set for the organization" in refused.text) == (422, True)
    assert (await client.put("/alert-limits", json=body)).status_code == 200
    await house.settle()
    assert await told(house, organization) == []

    assert (await client.put("/alert-limits", json={"limits": {}}, headers={"If-Match": '"1"'})).status_code == 200
    await house.settle()
    (alert,) = (await answer(house, organization, f"/alerts?status=open&type={UNBALANCED}"))["items"]
    dismissed = await client.post(f"/alerts/{alert['id']}/dismiss")
    assert dismissed.json()["status"] == "dismissed"
    await house.publish(kopi.metric(day, "800", revision=2))
    await house.settle()
    assert await told(house, organization) == []

    stranger = await house.organization(slug="other")
    await house.settle()
    assert (await house.client("sync", stranger).get(f"/alerts/{alert['id']}")).status_code == 404
