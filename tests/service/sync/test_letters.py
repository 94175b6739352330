"""E-mails to members: at once or in a digest in the organization's morning; once, whoever dies."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from services.sync.errand.models import LETTER
from services.sync.jobs import DIGEST
from services.sync.letter.models import Letter
from services.sync.letter.sending import run_mailer
from shared.contracts.identity import Role
from shared.kernel import clock
from shared.platform import failpoints
from shared.platform.jobs.runner import JobRunner
from tests.harness.house import House
from tests.harness.post_office import post_office
from tests.service.sync.stories import Venture, a_house_with_sync
from tests.service.sync.telling import LONG, ZONE, Person, deviate, errand_of, letters, until

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def mailbox(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUEUP_MAIL_DIR", str(tmp_path / "mail"))
    monkeypatch.setenv("TRUEUP_PUBLIC_URL", "https://trueup.example")
    return tmp_path / "mail"


@pytest.fixture
def at(monkeypatch):
    """Let it be another local time, for every process."""

    def set_time(day, hour: int) -> None:
        monkeypatch.delenv(clock.OFFSET_VARIABLE, raising=False)
        ahead = datetime.combine(day, time(hour), tzinfo=ZoneInfo(ZONE)) - clock.now()
        monkeypatch.setenv(clock.OFFSET_VARIABLE, str(int(ahead.total_seconds())))

    return set_time


async def test_what_is_critical_is_written_at_once_to_who_may_know(house: House, mailbox):
    organization, venture = await a_house_with_sync(house, replicas=2)
    ada = Person(organization, email="ada@example.com")
    quiet = Person(organization, email="quiet@example.com")
    elsewhere = Person(organization, email="else@example.com", ventures=(organization.id,))
    nowhere = Person(organization)
    await house.publish(*[person.joined() for person in (ada, quiet, elsewhere, nowhere)])
    await house.settle()
    client = house.client("sync", organization, quiet.role, user=quiet.id)
    silence = {"severities": {"CRITICAL": {"email": "no"}}}
    assert (await client.put("/notification-preferences", json=silence)).status_code == 200
    await deviate(house, venture, "6000")
    (letter,) = await until(lambda: letters(mailbox, "ada@example.com"))
    assert letter["Subject"].startswith("[Acme] CRITICAL: Kopi: ")
    body = letter.get_content()
    assert "MYR 6,000.00" in body
    assert "Read on at https://trueup.example." in body

    async def settled() -> set[tuple[str, str | None]]:
        async with house.database("sync").transaction([organization.id]) as session:
            return {(row.state, row.last_error) for row in await session.scalars(select(Letter))}

    for _ in range(LONG):
        if await settled() == {("sent", None), ("given_up", "no address")}:
            break
        await asyncio.sleep(0.02)
    assert await settled() == {("sent", None), ("given_up", "no address")}
    assert len(list(mailbox.glob("*.eml"))) == 1


async def test_letters_over_smtp_until_the_server_takes_them(house: House, monkeypatch, mailbox):
    async with post_office() as office:
        monkeypatch.setenv("TRUEUP_SMTP_URL", f"smtp://127.0.0.1:{office.port}")
        organization, venture = await a_house_with_sync(house)
        ada = Person(organization, email="ada@example.com")
        await house.publish(ada.joined())
        await house.settle()
        await deviate(house, venture, "6000")
        await until(lambda: office.envelopes)
    (envelope,) = office.envelopes
    assert (office.tried, envelope.rcpt_tos) == (2, ["ada@example.com"])
    message = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
    assert "CRITICAL" in message["Subject"]
    assert not mailbox.exists()


async def test_a_mailer_killed_after_sending_sends_the_same_letter_again(house: House, mailbox, monkeypatch):
    await house.start("sync", roles=("http", "consumers", "relay", "balancer", "notifier"))
    organization = await house.organization()
    venture, ada = Venture(organization.id), Person(organization, email="ada@example.com")
    await house.publish(venture.created(), ada.joined())
    await house.settle()
    await deviate(house, venture, "6000", settled=False)
    await errand_of(house, LETTER)
    monkeypatch.setattr(failpoints, "_armed", failpoints._Armed("mailer.after_send:error", "sync"))
    mailer = asyncio.create_task(run_mailer(house.replicas["sync"][0].runtime))
    (first,) = await until(lambda: letters(mailbox, "ada@example.com"))
    mailer.cancel()
    # Its hold ends; another replica finds the letter unsent.
    monkeypatch.setenv(clock.OFFSET_VARIABLE, "120")
    await house.start("sync", roles=("mailer",))

    async def states() -> set[str]:
        async with house.database("sync").transaction([organization.id]) as session:
            return set(await session.scalars(select(Letter.state)))

    for _ in range(LONG):
        if await states() == {"sent"}:
            break
        await asyncio.sleep(0.02)
    assert await states() == {"sent"}
    (again,) = letters(mailbox, "ada@example.com")
    assert again["Message-ID"] == first["Message-ID"], "the mailbox has it once"


async def test_digests_in_the_organizations_morning_once_with_three_replicas(house: House, mailbox, at):
    monday = clock.today(ZONE) + timedelta(days=7)
    monday -= timedelta(days=monday.weekday())
    saturday, sunday = monday - timedelta(days=2), monday - timedelta(days=1)
    at(saturday, 12)
    await house.start("sync", roles=("http", "consumers", "relay", "balancer", "notifier", "mailer"))
    organization = await house.organization()
    venture = Venture(organization.id)
    daily, weekly = Person(organization, email="day@example.com"), Person(organization, email="week@example.com")
    left = Person(organization, email="left@example.com")
    await house.publish(venture.created(), *[person.joined() for person in (daily, weekly, left)])
    await house.settle()
    mine = house.client("sync", organization, Role.MEMBER, user=weekly.id)
    wanted = {"severities": {"WARNING": {"email": "weekly"}}}
    assert (await mine.put("/notification-preferences", json=wanted)).status_code == 200
    database = house.database("sync")
    runners = [JobRunner(database, [DIGEST]) for _ in range(3)]

    async def morning(day) -> None:
        at(day, 9)
        await asyncio.gather(*[runner.work() for runner in runners])

    await morning(saturday)  # the job's history begins
    at(saturday, 12)
    await deviate(house, venture)
    await house.publish(left.left())
    await house.settle()
    at(sunday, 7)
    await asyncio.gather(*[runner.work() for runner in runners])
    assert not list(mailbox.glob("*.eml")), "not before eight"
    await morning(sunday)
    (letter,) = await until(lambda: letters(mailbox, "day@example.com"))
    assert letter["Subject"] == "[Acme] Your day: 1 notification"
    assert "WARNING: Kopi: " in letter.get_content()
    assert letters(mailbox, "week@example.com") == []
    await deviate(house, venture, "10000", revision=2)  # over before Monday
    await morning(monday)
    (letter,) = await until(lambda: letters(mailbox, "week@example.com"))
    assert letter["Subject"] == "[Acme] Your week: 1 notification"
    assert "This is over in the meantime." in letter.get_content()
    await morning(monday)
    await morning(monday + timedelta(days=1))
    assert len(list(mailbox.glob("*.eml"))) == 2
    assert letters(mailbox, "left@example.com") == []


async def test_a_digest_that_was_missed_is_caught_up_and_tried_out_dry(house: House, mailbox, at):
    today = clock.now().astimezone(UTC).date() + timedelta(days=2)
    at(today, 12)
    await house.start("sync", roles=("http", "consumers", "relay", "balancer", "notifier", "mailer"))
    organization = await house.organization()
    venture, ada = Venture(organization.id), Person(organization, email="ada@example.com")
    await house.publish(venture.created(), ada.joined())
    await house.settle()
    runner = JobRunner(house.database("sync"), [DIGEST])
    await runner.work()
    await deviate(house, venture)
    admin = house.client("sync", organization, Role.ADMIN)
    asked = await admin.post("/sync/jobs/digest/runs", json={"dry_run": True})
    assert asked.status_code == 202, asked.text
    await runner.work()
    run = (await admin.get(f"/sync/job-runs/{asked.json()['id']}")).json()
    assert (run["state"], run["counts"]) == ("done", {"letters": 1, "notifications": 1})
    at(today + timedelta(days=4), 12)
    await runner.work()
    await until(lambda: letters(mailbox, "ada@example.com"))
    await runner.work()
    assert len(letters(mailbox, "ada@example.com")) == 1
