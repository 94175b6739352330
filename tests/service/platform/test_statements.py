"""Statements on the driver's own connection: in order, in one transaction, with SQLAlchemy's before and after."""

import contextlib
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from shared.platform.db.bulk import bulk_insert, bulk_put, bulk_upsert
from shared.platform.db.driver import LostTransactionError, Statement, later, nothing, run
from shared.platform.db.edges import Database
from shared.platform.db.platform_tables import DeadLetterRow, MembershipRow, OrganizationRow
from tests.harness.house import House

KEY = ("organization_id", "user_id")
COUNT = Statement("SELECT count(*) FROM platform.memberships", (), lambda rows: rows[0][0])


@pytest.fixture
async def database(house: House) -> Database:
    await house.start("plans", roles=())
    return house.database("plans")


def member(version: int = 1, role: str = "member", user: UUID | None = None) -> dict[str, Any]:
    return {
        "organization_id": UUID(int=1),
        "user_id": user or new_id(),
        "version": version,
        "role": role,
        "active": True,
    }


def failing() -> Statement[None]:
    return Statement("SELECT 1 / 0", (), nothing)


async def stored(database: Database) -> int:
    async with database.transaction() as session:
        return (await run(session, COUNT))[0]


async def test_what_is_left_for_later_comes_before_whatever_follows(database: Database) -> None:
    async with database.transaction() as session:
        await bulk_insert(session, MembershipRow, [member()])
        assert await session.scalar(select(func.count()).select_from(MembershipRow)) == 1
        await bulk_insert(session, MembershipRow, [member()])
        assert await run(session, COUNT, COUNT) == (2, 2)
        session.add(MembershipRow(**member()))
        assert await run(session, COUNT) == (3,)
        await bulk_insert(session, MembershipRow, [member(), member()])
    assert await stored(database) == 5


async def test_a_prepared_statement_keeps_its_plan_however_long_its_arrays_are(database: Database) -> None:
    asking = "SELECT count(*) FROM platform.memberships WHERE user_id = ANY (%s::uuid[])"
    async with database.transaction() as session:
        for many in range(1, 20):
            await run(session, Statement(asking, ([new_id() for _ in range(many)],), nothing))
        plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %s"
        ((generic, custom),) = (
            await run(session, Statement(plans, ("%FROM platform.memberships WHERE user_id%",), list))
        )[0]
    assert (generic, custom) == (19, 0)


async def test_what_is_left_for_later_is_rolled_back_with_all_else(database: Database) -> None:
    async def leave_and_fail() -> None:
        async with database.transaction() as session:
            await bulk_insert(session, MembershipRow, [member()])
            raise LookupError

    with pytest.raises(LookupError):
        await leave_and_fail()
    assert await stored(database) == 0


async def test_a_transaction_whose_last_statement_fails_is_no_success(database: Database) -> None:
    taken = member()

    async def write(*rows: dict[str, Any]) -> None:
        async with database.transaction() as session:
            await bulk_insert(session, MembershipRow, rows)

    await write(taken)
    with pytest.raises(IntegrityError):
        await write(member(), taken)
    assert await stored(database) == 1


async def test_a_transaction_that_the_server_gave_up_is_no_success(database: Database) -> None:
    async def pass_over_a_failure() -> None:
        async with database.transaction() as session:
            await bulk_insert(session, MembershipRow, [member()])
            with contextlib.suppress(DBAPIError):
                await run(session, failing())

    with pytest.raises(LostTransactionError):
        await pass_over_a_failure()
    assert await stored(database) == 0


async def test_a_failure_among_several_stops_those_after_it(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(DBAPIError, match="division by zero"):
            await run(session, COUNT, failing(), COUNT)
        await session.rollback()
    assert await stored(database) == 0


async def test_a_connection_that_is_cut_off_is_an_outage_and_the_next_works(database: Database) -> None:
    with pytest.raises(OperationalError):
        async with database.transaction() as session:
            await later(session, Statement("SELECT pg_terminate_backend(pg_backend_pid())", (), nothing))
    assert await stored(database) == 0


async def test_every_transaction_sees_its_own_organizations_only(database: Database) -> None:
    asked = Statement("SELECT current_setting('app.organization_ids', true)", (), lambda rows: rows[0][0])
    for organization in (new_id(), new_id()):
        async with database.transaction([organization]) as session:
            assert await session.scalar(text("SELECT current_setting('app.organization_ids', true)")) == str(
                organization
            )
            assert await run(session, asked) == (str(organization),)
    async with database.transaction() as session:
        assert not (await run(session, asked))[0]


async def test_the_newest_of_a_key_wins(database: Database) -> None:
    user = new_id()
    async with database.transaction() as session:
        rows = [member(2, "admin", user), member(3, "owner", user), member(1, "viewer", user)]
        assert await bulk_upsert(session, MembershipRow, rows, key=KEY) == [(UUID(int=1), user)]
        assert await bulk_upsert(session, MembershipRow, [member(3, "viewer", user)], key=KEY) == []
        await bulk_put(session, MembershipRow, [member(4, Role.ADMIN, user), member(1, "viewer")], key=KEY)
        row = await session.get_one(MembershipRow, (UUID(int=1), user))
        assert (row.version, row.role) == (4, "admin")


async def test_the_same_content_is_not_written_again(database: Database) -> None:
    organization = {
        "id": new_id(),
        "version": 1,
        "name": 'A "name" with \\ and \'',
        "slug": "a",
        "base_currency": "MYR",
        "time_zone": "UTC",
        "fiscal_year_start": 1,
        "archived": False,
    }
    options: dict[str, Any] = {"key": ("id",), "newer_by": None, "unless_same": ("name", "slug")}
    async with database.transaction() as session:
        assert len(await bulk_upsert(session, OrganizationRow, [organization], **options)) == 1
        assert await bulk_upsert(session, OrganizationRow, [organization | {"version": 2}], **options) == []
        renamed = await bulk_upsert(session, OrganizationRow, [organization | {"name": "B", "version": 2}], **options)
        assert [row.id for row in renamed] == [organization["id"]]
        assert await bulk_upsert(session, OrganizationRow, [], **options) == []


async def test_json_bytes_and_nothing_arrive_as_they_are(database: Database) -> None:
    letter = {
        "id": new_id(),
        "stream": "SYNC",
        "stream_sequence": 1,
        "subject": "s",
        "event_type": None,
        "headers": {"quoted": 'a "b"', "none": None},
        "payload": b"\x00\xff",
        "error_type": "E",
        "error": "e",
        "attempts": 1,
        "died_at": None,
        "state": "open",
    }
    async with database.transaction() as session:
        died_at = await session.scalar(select(func.now()))
        given = [letter | {"died_at": died_at}, letter | {"died_at": died_at, "event_type": "x", "stream_sequence": 2}]
        given[1]["id"] = new_id()
        await bulk_insert(session, DeadLetterRow, given, on_conflict="ignore")
        await bulk_insert(session, DeadLetterRow, given, on_conflict="ignore")
        rows = (await session.scalars(select(DeadLetterRow).order_by(DeadLetterRow.stream_sequence))).all()
        assert [(row.headers, row.payload, row.event_type) for row in rows] == [
            (letter["headers"], letter["payload"], None),
            (letter["headers"], letter["payload"], "x"),
        ]


async def test_the_text_of_an_error_does_not_say_what_a_statement_was_given(database: Database) -> None:
    with pytest.raises(DBAPIError, match="division by zero") as failed:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1 / 0 WHERE :given <> ''"), {"given": "what nobody may know"})
    assert "what nobody may know" not in str(failed.value)
    assert "SELECT 1 / 0" in str(failed.value)
