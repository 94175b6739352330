"""What members are told in the application: who, what, once; and what they prefer."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from services.sync.errand.models import Errand
from services.sync.notice.models import Notice
from services.sync.notice.rules import NewNotice
from services.sync.notice.use_cases import notify
from services.sync.notification.models import Notification
from shared.contracts.identity import Role
from shared.contracts.sync import NotificationCreated, NotificationType, Severity
from shared.kernel.clock import today
from tests.harness.house import House
from tests.service.sync.stories import Venture, a_house_with_sync
from tests.service.sync.telling import LONG, ZONE, Person, deviate, in_a_year, inbox

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def mailbox(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUEUP_MAIL_DIR", str(tmp_path / "mail"))
    return tmp_path / "mail"


async def test_a_deviation_is_told_to_every_member_who_may_know_once(house: House):
    organization, venture = await a_house_with_sync(house, replicas=2)
    other = Venture(organization.id, name="Teh")
    people = [
        Person(organization, Role.OWNER, id=organization.owner),
        Person(organization, Role.VIEWER),
        Person(organization, Role.ADMIN, ventures=(venture.id,)),
    ]
    elsewhere, gone = Person(organization, ventures=(other.id,)), Person(organization)
    stranger = Person(await house.organization(slug="other"), Role.OWNER)
    members = [*people, elsewhere, gone, stranger]
    await house.publish(other.created(), *[person.joined() for person in members], gone.left())
    await house.settle()
    await deviate(house, venture)
    await deviate(house, venture)  # the same again says nothing new
    for person in people:
        told = await inbox(house, person)
        assert sorted(one["alert_type"] for one in told) == ["FIRST_METRIC", "MRR_BELOW_TARGET"]
        assert {one["venture_id"] for one in told} == {str(venture.id)}
    for person in (elsewhere, stranger):
        assert await inbox(house, person) == []
    async with house.database("sync").transaction([organization.id]) as session:
        assert await session.scalar(select(func.count()).where(Notification.user_id == gone.id)) == 0
    told = await house.events("SYNC", NotificationCreated)
    assert sorted(event.alert_type for event in told) == ["FIRST_METRIC", "MRR_BELOW_TARGET"]
    assert {event.recipients for event in told} == {3}
    foreign = (await inbox(house, people[0]))[0]["id"]
    for person in (elsewhere, stranger):
        client = house.client("sync", person.organization, person.role, user=person.id)
        assert (await client.get(f"/notifications/{foreign}")).status_code == 404
        assert (await client.post(f"/notifications/{foreign}/read")).status_code == 404


async def test_a_notice_that_cannot_be_told_delays_no_other(house: House):
    organization, _venture = await a_house_with_sync(house)
    person = Person(organization)
    await house.publish(person.joined())
    await house.settle()
    runtime = house.replicas["sync"][0].runtime
    good, bad = [NewNotice(cause, NotificationType.REVIEW_COMPLETED, Severity.INFO, cause, "") for cause in "ab"]
    async with runtime.database.transaction([organization.id]) as session:
        await notify(session, [(organization.id, bad), (organization.id, good)])
        # a kind of metric that this version does not know
        await session.execute(update(Notice).where(Notice.cause == "b").values(metric="moonshine"))
    for _ in range(LONG):
        if told := await inbox(house, person):
            break
        await asyncio.sleep(0.02)
    assert [one["title"] for one in told] == ["a"]
    async with runtime.database.transaction() as session:
        (waiting,) = await session.scalars(select(Errand))
    assert waiting.held_until is not None, "it is tried again later"


async def test_only_a_rise_is_told_again_and_what_resolves_only_to_who_asks(house: House):
    organization, venture = await a_house_with_sync(house)
    quiet, curious = Person(organization), Person(organization)
    await house.publish(quiet.joined(), curious.joined())
    await house.settle()
    mine = house.client("sync", organization, curious.role, user=curious.id)
    assert (await mine.put("/notification-preferences", json={"resolved": True})).status_code == 200
    for revision, value in enumerate(("8000", "8100", "6000", "7900", "10000"), start=1):
        await deviate(house, venture, value, revision=revision)
    told = [one["type"] for one in await inbox(house, quiet) if one["alert_type"] == "MRR_BELOW_TARGET"]
    assert told == ["alert.escalated", "alert.raised"]
    told = [one["type"] for one in await inbox(house, curious) if one["alert_type"] == "MRR_BELOW_TARGET"]
    assert told == ["alert.resolved", "alert.escalated", "alert.raised"]
    critical = await inbox(house, quiet, "?severity=CRITICAL")
    assert [one["type"] for one in critical] == ["alert.escalated"]
    assert critical[0]["action"]["path"] == f"alerts/{critical[0]['alert_id']}"


async def test_reading_counting_and_paging(house: House):
    organization, venture = await a_house_with_sync(house)
    person = Person(organization, Role.VIEWER)
    ventures = [Venture(organization.id, name=f"V{number}") for number in range(3)]
    await house.publish(person.joined(), *[one.created() for one in ventures])
    await house.settle()
    for one in (venture, *ventures):
        await deviate(house, one)
    client = house.client("sync", organization, person.role, user=person.id)
    everything = await inbox(house, person)
    assert len(everything) == 8
    assert (await client.get("/notifications/unread-count")).json() == {
        "unread": 8,
        "by_severity": {"INFO": 4, "WARNING": 4, "CRITICAL": 0},
    }
    paged, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"/notifications?limit=3{cursor and f'&cursor={cursor}'}")).json()
        paged, cursor = paged + page["items"], page["next_cursor"]
    assert paged == everything

    first = everything[0]["id"]
    read = await client.post(f"/notifications/{first}/read")
    assert read.json()["read_at"] is not None
    assert (await client.post(f"/notifications/{first}/read")).json() == read.json(), "once it is, nothing changes"
    assert (await client.get("/notifications/unread-count")).json()["unread"] == 7
    assert (await client.post(f"/notifications/{first}/unread")).json()["read_at"] is None
    seen = everything[3]["id"]
    assert (await client.post("/notifications/read-all", json={"up_to": seen})).json() == {"marked": 5}
    assert [one["id"] for one in await inbox(house, person, "?unread=true")] == [one["id"] for one in everything[:3]]
    key = {"Idempotency-Key": "read-them"}
    assert (await client.post("/notifications/read-all", headers=key)).json() == {"marked": 3}
    assert (await client.post("/notifications/read-all", headers=key)).json() == {"marked": 3}
    assert await inbox(house, person, "?unread=true") == []
    of_one = await inbox(house, person, f"?venture={venture.id}&type=alert.raised")
    assert {one["venture_id"] for one in of_one} == {str(venture.id)}
    for path, status in ((f"/notifications/{uuid4()}", 404), ("/notifications?severity=LOUD", 422)):
        assert (await client.get(path)).status_code == status
    assert (await client.post("/notifications/read-all", json={"up_to": str(uuid4())})).status_code == 404


async def test_a_plan_change_offers_to_regenerate_to_who_may(house: House):
    organization, venture = await a_house_with_sync(house)
    member, viewer = Person(organization), Person(organization, Role.VIEWER)
    await house.publish(member.joined(), viewer.joined())
    await house.settle()
    await house.publish(venture.plan(target_mrr="20000", target_date=in_a_year(), baseline_value="10000"))
    await house.publish(venture.metric(today(ZONE), "10000"))
    await house.settle()
    await house.publish(venture.plan(2, target_mrr="30000", target_date=in_a_year(), baseline_value="10000"))
    await house.settle()
    path = f"ventures/{venture.id}/projections"
    (offered,) = [one for one in await inbox(house, member) if one["alert_type"] == "PROJECTION_OUTDATED"]
    assert offered["action"] == {"label": "Regenerate projections", "method": "POST", "path": path}
    (told,) = [one for one in await inbox(house, viewer) if one["alert_type"] == "PROJECTION_OUTDATED"]
    assert told["action"] is None
    client = house.client("sync", organization, member.role, user=member.id)
    assert (await client.post(f"/{offered['action']['path']}")).status_code == 201


async def test_what_somebody_prefers_goes_before_what_the_organization_has(house: House):
    organization, venture = await a_house_with_sync(house)
    person, other = Person(organization), Person(organization)
    await house.publish(person.joined(), other.joined())
    await house.settle()
    admin = house.client("sync", organization, Role.ADMIN)
    client = house.client("sync", organization, person.role, user=person.id)
    defaults = {"severities": {"INFO": {"in_app": False}}, "topics": {"PLAN_STALE": {"email": "now"}}}
    assert (await admin.put("/notification-defaults", json=defaults)).status_code == 200
    own = {"topics": {"MRR_BELOW_TARGET": {"in_app": False, "email": "no"}, "FIRST_METRIC": {"in_app": True}}}
    answered = (await client.put("/notification-preferences", json=own)).json()
    assert answered["version"] == 1
    assert answered["in_force"]["PLAN_STALE"]["WARNING"] == {"in_app": True, "email": "now"}
    assert answered["in_force"]["FIRST_METRIC"]["INFO"] == {"in_app": True, "email": "no"}
    assert answered["in_force"]["MILESTONE_REACHED"]["INFO"] == {"in_app": False, "email": "no"}
    await deviate(house, venture)
    assert [one["alert_type"] for one in await inbox(house, person)] == ["FIRST_METRIC"]
    assert [one["alert_type"] for one in await inbox(house, other)] == ["MRR_BELOW_TARGET"]

    for refused in (
        {"topics": {"NO_SUCH": {"in_app": True}}},
        {"severities": {"LOUD": {"in_app": True}}},
        {"severities": {"INFO": {"email": "hourly"}}},
        {"quiet": True},
    ):
        assert (await client.put("/notification-preferences", json=refused)).status_code == 422, refused
    stale = await client.put("/notification-preferences", json=own, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 1)
    assert (await client.put("/notification-defaults", json={})).status_code == 403
    stranger = house.client("sync", await house.organization(slug="other"))
    assert (await stranger.get("/notification-defaults")).json()["version"] == 0
