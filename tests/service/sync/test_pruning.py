"""What was told and delivered long ago is deleted; what waits, is unread or is of the money stays."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.sync.alert.models import Alert, AlertChange
from services.sync.delivery.models import WebhookAttempt, WebhookDelivery
from services.sync.letter.models import Letter
from services.sync.notice.models import Notice
from services.sync.notification.models import Notification
from services.sync.upkeep import pruning
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.settings import SettingError
from tests.harness.house import SETTLE_S, House
from tests.service.sync.stories import a_house_with_sync
from tests.service.sync.telling import deviate

PRUNED = (WebhookDelivery, WebhookAttempt, Letter, Notification)
KEPT = (Alert, AlertChange, Notice)


def _delivery(organization, state, settled_at):
    return WebhookDelivery(
        organization_id=organization,
        id=new_id(),
        endpoint_id=new_id(),
        notice_id=new_id(),
        type="alert.raised",
        body="{}",
        state=state,
        tries=1,
        attempts=1,
        next_attempt_at=settled_at or now(),
        created_at=now() - timedelta(days=300),
        settled_at=settled_at,
    )


def _attempt(delivery):
    return WebhookAttempt(
        organization_id=delivery.organization_id,
        delivery_id=delivery.id,
        number=1,
        at=delivery.created_at,
        duration_ms=5,
        status_code=200,
        error=None,
        answer="",
    )


def _letter(organization, settled_at):
    return Letter(
        organization_id=organization,
        id=new_id(),
        user_id=new_id(),
        cause=str(new_id()),
        subject="Told",
        body="Told",
        created_at=now() - timedelta(days=300),
        state="sent" if settled_at else "waiting",
        attempts=1,
        last_error=None,
        settled_at=settled_at,
    )


def _notification(organization, read_at, *, email="no", in_app=True):
    return Notification(
        organization_id=organization,
        user_id=new_id(),
        notice_id=new_id(),
        venture_id=None,
        in_app=in_app,
        email=email,
        letter_id=None,
        created_at=now() - timedelta(days=300),
        read_at=read_at,
    )


async def _count(house, organization, tables):
    async with house.database("sync").transaction([organization]) as session:
        return [await session.scalar(select(func.count()).select_from(table)) for table in tables]


async def _run(client, **body):
    started = await client.post("/sync/jobs/prune/runs", json=body)
    async with asyncio.timeout(SETTLE_S):
        while True:
            run = (await client.get(f"/sync/job-runs/{started.json()['id']}")).json()
            if run["state"] in ("done", "failed"):
                assert run["error"] is None
                return run["counts"]
            await asyncio.sleep(0.02)


async def test_what_is_over_for_long_is_pruned_and_nothing_else(house: House, monkeypatch):
    organization, venture = await a_house_with_sync(house)
    other = await house.organization(slug="other")
    await deviate(house, venture)
    old, recent = now() - timedelta(days=181), now() - timedelta(days=179)
    gone = [_delivery(organization.id, state, old) for state in ("delivered", "failed")]
    stays = [_delivery(organization.id, "delivered", recent), _delivery(organization.id, "waiting", None)]
    foreign = _delivery(other.id, "delivered", old)
    async with house.database("sync").transaction([organization.id, other.id]) as session:
        session.add_all([*gone, *stays, foreign])
        session.add_all(_attempt(delivery) for delivery in (*gone, *stays, foreign))
        session.add_all(_letter(organization.id, at) for at in (old, recent, None))
        session.add_all(
            [
                _notification(organization.id, old),
                _notification(organization.id, None, in_app=False),
                _notification(organization.id, recent),
                _notification(organization.id, None),
                _notification(organization.id, old, email="weekly"),
            ]
        )
    client = house.client("sync", organization)
    kept = await _count(house, organization.id, KEPT)
    assert min(kept) > 0

    monkeypatch.setattr(pruning, "AT_A_TIME", 1)
    monkeypatch.setenv("TRUEUP_KEEP_NOTIFICATIONS_DAYS", "0")
    assert await _run(client) == {}
    monkeypatch.delenv("TRUEUP_KEEP_NOTIFICATIONS_DAYS")
    found = {"deliveries": 2, "letters": 1, "notifications": 2}
    assert await _run(client, dry_run=True) == found
    assert await _count(house, organization.id, PRUNED) == [4, 4, 3, 5]
    assert await _run(client) == found
    assert await _run(client) == dict.fromkeys(found, 0)
    assert await _count(house, organization.id, PRUNED) == [2, 2, 2, 3]
    assert await _count(house, organization.id, KEPT) == kept
    assert await _count(house, other.id, PRUNED[:2]) == [1, 1], "another organization's own job prunes it"


async def test_a_number_of_days_that_would_prune_what_is_new_is_refused_at_the_start(house: House, monkeypatch):
    monkeypatch.setenv("TRUEUP_KEEP_NOTIFICATIONS_DAYS", "-1")
    with pytest.raises(SettingError, match="TRUEUP_KEEP_NOTIFICATIONS_DAYS is '-1'"):
        await house.start("sync")
