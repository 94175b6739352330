"""Day 5: the ended month's report is mailed to those who run the organization, once, whoever dies or refuses."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, time
from email import message_from_bytes, policy
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from services.reporting.letter.models import LetterDue, ReportLetter
from services.reporting.letter.rules import letter
from services.reporting.letter.sending import run_mailer
from services.reporting.report.document import ReportDocument
from services.reporting.report.rendering.press import PRESS
from shared.contracts.identity import MemberJoined, MemberRemoved, MembershipStatus, Role
from shared.contracts.reporting import ReportReady
from shared.kernel import clock
from shared.kernel.ids import new_id
from shared.kernel.periods import add_months, month_start
from tests.harness.house import SETTLE_S, House, Organization
from tests.harness.post_office import PostOffice, post_office

ZONE = "Asia/Kuala_Lumpur"


@pytest.fixture(autouse=True, scope="module")
def closed_press():
    yield
    PRESS.close()


@pytest.fixture
async def office(monkeypatch) -> AsyncIterator[PostOffice]:
    monkeypatch.setenv("TRUEUP_PUBLIC_URL", "https://trueup.example")
    async with post_office() as office:
        monkeypatch.setenv("TRUEUP_SMTP_URL", f"smtp://127.0.0.1:{office.port}")
        yield office


@pytest.fixture
def at(monkeypatch):
    """Let it be another local time, for every process."""

    def set_time(day, hour: int) -> None:
        monkeypatch.delenv(clock.OFFSET_VARIABLE, raising=False)
        ahead = datetime.combine(day, time(hour), tzinfo=ZoneInfo(ZONE)) - clock.now()
        monkeypatch.setenv(clock.OFFSET_VARIABLE, str(int(ahead.total_seconds())))

    return set_time


def member(
    organization: Organization, role: Role, email: str | None, ventures: tuple[UUID, ...] | None = None
) -> MemberJoined:
    return MemberJoined(
        organization_id=organization.id,
        user_id=new_id(),
        version=1,
        role=role,
        status=MembershipStatus.ACTIVE,
        venture_ids=ventures,
        email=email,
    )


def wake(house: House) -> None:
    for replica in house.replicas["reporting"]:
        replica.runtime.wakeups.wake("jobs")
        replica.runtime.wakeups.wake("mailer")


async def runs(house: House, organization: Organization) -> list[dict]:
    return (await house.client("reporting", organization).get("/reporting/job-runs")).json()["items"]


async def ended(client, run_id: str) -> dict:
    async with asyncio.timeout(SETTLE_S):
        while True:
            run = (await client.get(f"/reporting/job-runs/{run_id}")).json()
            if run["state"] in ("done", "failed"):
                assert run["error"] is None
                return run["counts"]
            await asyncio.sleep(0.05)


async def test_once_with_three_replicas_after_downtime_and_again_until_the_server_takes_it(
    house: House, told, office: PostOffice, at
):
    await house.start(*["reporting"] * 3)
    organization = await house.organization(name="Bukit Ventures")
    kopi = told(organization)
    people = [
        member(organization, Role.OWNER, "owner@example.com"),
        member(organization, Role.ADMIN, "admin@example.com"),
        member(organization, Role.ADMIN, "one-venture@example.com", (kopi.id,)),
        member(organization, Role.MEMBER, "member@example.com"),
        member(organization, Role.ADMIN, None),
    ]
    await house.publish(*people, *kopi.story())
    await house.settle()
    async with asyncio.timeout(SETTLE_S):
        while not await runs(house, organization):
            wake(house)
            await asyncio.sleep(0.05)
    month = month_start(clock.today(ZONE))

    # Nobody was there for two months: only the newest ended month is mailed.
    at(add_months(month, 2).replace(day=5), 9)
    async with asyncio.timeout(SETTLE_S):
        while len(office.envelopes) < 2 or not any(run["state"] == "done" for run in await runs(house, organization)):
            wake(house)
            await asyncio.sleep(0.1)
    await house.settle()
    done = [(run["slot"], run["counts"]) for run in await runs(house, organization) if run["state"] == "done"]
    assert done == [(str(add_months(month, 2).replace(day=5)), {"reports": 1, "letters": 2})]
    assert sorted(envelope.rcpt_tos[0] for envelope in office.envelopes) == ["admin@example.com", "owner@example.com"]
    assert office.tried == 3, "the one that was refused, again"
    (ready,) = await house.events("REPORTING", ReportReady)
    assert (ready.template, ready.period_start) == ("monthly", add_months(month, 1))

    message = message_from_bytes(bytes(office.envelopes[0].content or b""), policy=policy.default)
    assert message["Subject"] == f"[Bukit Ventures] {add_months(month, 1):%B %Y}: 1 venture needs attention"
    body = message.get_body().get_content()
    assert "- Kopi Cloud: MRR MYR 15,000.00" in body
    assert "What to do: Review the go-to-market strategy." in body
    assert f"https://trueup.example/v1/organizations/{organization.id}/reports/{ready.report_id}" in body
    (pdf,) = message.iter_attachments()
    assert pdf.get_filename() == f"monthly-report-{add_months(month, 1):%Y-%m}.pdf"
    assert hashlib.sha256(pdf.get_content()).hexdigest() == ready.sha256
    client = house.client("reporting", organization)
    report = (await client.get(f"/reports/{ready.report_id}")).json()
    assert report["created_by"] is None
    assert letter(ReportDocument.model_validate(report["document"]), "").subject == message["Subject"]

    await by_hand_only_who_has_none(house, organization, office)


async def by_hand_only_who_has_none(house: House, organization: Organization, office: PostOffice) -> None:
    """For the same slot: who has the letter gets none, who came later does."""
    client = house.client("reporting", organization)
    await house.publish(member(organization, Role.OWNER, "later@example.com"))
    await house.settle()
    dry = (await client.post("/reporting/jobs/report_mail/runs", json={"dry_run": True})).json()
    assert await ended(client, dry["id"]) == {"reports": 1, "letters": 1}
    assert len(office.envelopes) == 2
    for letters in (1, 0):
        started = (await client.post("/reporting/jobs/report_mail/runs")).json()
        assert await ended(client, started["id"]) == {"reports": letters, "letters": letters}
    async with asyncio.timeout(SETTLE_S):
        while len(office.envelopes) < 3:
            wake(house)
            await asyncio.sleep(0.05)
    assert office.envelopes[2].rcpt_tos == ["later@example.com"]
    async with house.database("reporting").transaction([organization.id]) as session:
        assert set(await session.scalars(select(ReportLetter.state))) <= {"sent", "waiting"}
    assert len((await client.get("/reports")).json()["items"]) == 2


async def test_without_ventures_or_readers_there_is_no_report(house: House, told, office: PostOffice):
    await house.start("reporting")
    organization = await house.organization()
    client = house.client("reporting", organization)
    await house.publish(member(organization, Role.OWNER, "owner@example.com"))
    await house.settle()
    started = (await client.post("/reporting/jobs/report_mail/runs")).json()
    assert await ended(client, started["id"]) == {"reports": 0, "letters": 0}
    nobody = await house.organization(slug="nobody")
    await house.publish(*told(nobody).story())
    await house.settle()
    client = house.client("reporting", nobody)
    started = (await client.post("/reporting/jobs/report_mail/runs")).json()
    assert await ended(client, started["id"]) == {"reports": 0, "letters": 0}
    assert office.tried == 0
    stranger = house.client("reporting", organization)
    assert (await stranger.get(f"/reporting/job-runs/{started['id']}")).status_code == 404
    viewer = house.client("reporting", nobody, Role.MEMBER)
    assert (await viewer.post("/reporting/jobs/report_mail/runs")).status_code == 403


async def test_a_mailer_holds_nothing_while_a_server_takes_its_time_and_when_it_is_killed_another_sends(
    house: House, told, office: PostOffice, monkeypatch
):
    await house.start("reporting", roles=("http", "consumers", "relay", "jobs"))
    organization = await house.organization()
    await house.publish(member(organization, Role.OWNER, "owner@example.com"), *told(organization).story())
    await house.settle()
    client = house.client("reporting", organization)
    started = (await client.post("/reporting/jobs/report_mail/runs")).json()
    assert await ended(client, started["id"]) == {"reports": 1, "letters": 1}

    office.open.clear()
    mailer = asyncio.create_task(run_mailer(house.replicas["reporting"][0].runtime))
    async with asyncio.timeout(SETTLE_S):
        await office.busy.wait()
    async with house.database("reporting").transaction([organization.id]) as session:
        waiting = await session.scalars(select(ReportLetter).with_for_update(nowait=True))
        assert [row.state for row in waiting] == ["waiting"]
    mailer.cancel()
    office.open.set()
    # The hold on the letter ends; another replica finds it unsent.
    monkeypatch.setenv(clock.OFFSET_VARIABLE, "120")
    await house.start("reporting", roles=("mailer",))

    async def settled() -> list[str]:
        async with house.database("reporting").transaction([organization.id]) as session:
            left = await session.scalar(select(func.count()).select_from(LetterDue))
            return [] if left else list(await session.scalars(select(ReportLetter.state)))

    async with asyncio.timeout(SETTLE_S):
        while not (states := await settled()):
            wake(house)
            await asyncio.sleep(0.05)
    assert states == ["sent"]
    assert [envelope.rcpt_tos for envelope in office.envelopes] == [["owner@example.com"]]


async def test_who_gets_it_is_chosen_among_the_members_who_may_see_everything(house: House, told, office: PostOffice):
    await house.start("reporting", roles=("http", "consumers", "relay", "jobs"))
    organization, other = await house.organization(), await house.organization(slug="other")
    kopi = told(organization)
    owner = member(organization, Role.OWNER, "owner@example.com")
    investor = member(organization, Role.VIEWER, "investor@example.com")
    limited = member(organization, Role.ADMIN, "one-venture@example.com", (kopi.id,))
    foreign = member(other, Role.OWNER, "foreign@example.com")
    await house.publish(owner, investor, limited, foreign, *kopi.story())
    await house.settle()
    client = house.client("reporting", organization)
    before = (await client.get("/report-mail")).json()
    assert before == {"version": 0, "readers": None, "in_force": [str(owner.user_id)]}

    for nobody in (limited, foreign):
        body = {"readers": [str(investor.user_id), str(nobody.user_id)]}
        refused = await client.put("/report-mail", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "not_a_reader")
        assert [error["loc"] for error in refused.json()["errors"]] == [["body", "readers", "1"]]
    chosen = (await client.put("/report-mail", json={"readers": [str(investor.user_id)]})).json()
    assert chosen == {"version": 1, "readers": [str(investor.user_id)], "in_force": [str(investor.user_id)]}
    assert (await client.put("/report-mail", json={"readers": None}, headers={"If-Match": '"0"'})).status_code == 409
    for who, status in (
        (house.client("reporting", organization, Role.MEMBER), 403),
        (house.client("reporting", other), 200),
    ):
        assert (await who.put("/report-mail", json={"readers": None})).status_code == status

    assert await run_for(client, None) == {"reports": 1, "letters": 1}
    async with house.database("reporting").transaction([organization.id]) as session:
        assert list(await session.scalars(select(ReportLetter.user_id))) == [investor.user_id]

    # Who was removed gets none, and nobody gets it in their place; the same slot again would be for whoever is left.
    gone = investor.model_dump() | {"version": 2, "status": MembershipStatus.REMOVED}
    await house.publish(MemberRemoved(**gone))
    await house.settle()
    left = (await client.get("/report-mail")).json()
    assert (left["readers"], left["in_force"]) == ([str(investor.user_id)], [])
    earlier = add_months(month_start(clock.today(ZONE)), -1).replace(day=5)
    assert await run_for(client, str(earlier)) == {"reports": 0, "letters": 0}
    everyone = (await client.put("/report-mail", json={"readers": None}, headers={"If-Match": '"1"'})).json()
    assert (everyone["version"], everyone["in_force"]) == (2, [str(owner.user_id)])
    assert await run_for(client, str(earlier)) == {"reports": 1, "letters": 1}
    assert office.tried == 0, "the mailer does not run here"


async def run_for(client, slot: str | None) -> dict:
    started = await client.post("/reporting/jobs/report_mail/runs", json={"slot": slot})
    return await ended(client, started.json()["id"])
