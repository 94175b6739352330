"""Who belongs where is known at once, however much money waits to be counted: identity's events do not queue."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import httpx2
import pytest

from shared.contracts.identity import MemberJoined, MemberRemoved, MembershipStatus, Role
from shared.contracts.ingestion import PaymentReceived
from shared.kernel.ids import new_id
from shared.platform.tenancy import organizations
from tests.harness.house import House, Organization

BACKLOG = 1500
ACCOUNTS = "/finance/accounts"


def payment(organization: Organization, number: int) -> PaymentReceived:
    return PaymentReceived(
        organization_id=organization.id,
        connection_id=UUID(int=7),
        version=1,
        currency="MYR",
        payment_id=f"pi_{number}",
        amount_minor=1000,
        amount=Decimal(10),
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def until(status: int, ask: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
    """Ask until it is answered so."""
    for _ in range(9000):
        answer = await ask()
        if answer.status_code == status:
            return answer
        await asyncio.sleep(0.01)
    raise AssertionError(f"it is still answered {answer.status_code}: {answer.text}")


async def waiting(house: House) -> int:
    """Events of ingestion that finance has not counted."""
    info = await house.operator.jsm().consumer_info("INGESTION", "finance")
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def test_members_come_and_go_in_every_replica_before_a_backlog_of_payments_is_counted(house: House):
    await house.start("finance", "finance")
    org, person = await house.organization(), new_id()
    state = {"organization_id": org.id, "user_id": person, "role": Role.MEMBER}
    await house.publish(MemberJoined(**state, version=1, status=MembershipStatus.ACTIVE))
    await house.settle()
    replicas = [house.client("finance", org, Role.MEMBER, user=person, replica=index) for index in (0, 1)]
    async with house.operator_connection("finance") as lock:
        await lock.execute("LOCK TABLE model.money_facts IN SHARE MODE")  # nothing is counted while this is held
        await house.publish(*(payment(org, number) for number in range(BACKLOG)))
        assert [(await client.get(ACCOUNTS)).status_code for client in replicas] == [200, 200]

        await house.publish(MemberRemoved(**state, version=2, status=MembershipStatus.REMOVED))
        for client in replicas:
            await until(404, lambda client=client: client.get(ACCOUNTS))

        newcomer = await house.organization(slug="new")
        for index in (0, 1):
            owner = house.client("finance", newcomer, replica=index)
            await until(201, lambda owner=owner: owner.post(ACCOUNTS, json={"name": "Kedai"}))
        invited = new_id()
        joined = {"organization_id": org.id, "user_id": invited, "role": Role.VIEWER, "version": 2}
        await house.publish(MemberJoined(**joined, status=MembershipStatus.ACTIVE))
        for index in (0, 1):  # the token still says more than the membership does
            viewer = house.client("finance", org, Role.OWNER, user=invited, replica=index)
            await until(403, lambda viewer=viewer: viewer.post(ACCOUNTS, json={"name": "Kedai"}))
        assert await waiting(house) == BACKLOG
        await lock.rollback()
    await house.settle()
    async with house.operator_connection("finance") as connection:
        counted = await (await connection.execute("SELECT count(*) FROM model.money_facts")).fetchone()
    assert counted == (BACKLOG,)


async def test_an_organization_that_is_still_on_its_way_is_waited_for_and_never_denied(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(organizations, "PATIENCE_SECONDS", 60.0)
    await house.start("plans")
    org = Organization()
    create = house.client("plans", org).post
    waiting_for_it = asyncio.create_task(create("/ventures", json={"name": "Kopi"}))
    await asyncio.sleep(0.1)
    assert not waiting_for_it.done()
    await house.publish(org.created())
    assert (await waiting_for_it).status_code == 201

    monkeypatch.setattr(organizations, "PATIENCE_SECONDS", 0.1)
    late = await house.client("plans", Organization()).post("/ventures", json={"name": "Kopi"})
    assert (late.status_code, late.json()["code"], late.headers["Retry-After"]) == (503, "unavailable", "1"), late.text
