"""The audit log: who did what, from where, and what it changed; for admins, and for nobody else."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from services.identity.audit.models import AuditEntry
from services.identity.audit.rules import searched_since
from services.identity.audit.schemas import AuditFilter
from services.identity.audit.store import entries_of
from services.identity.base import IdentityTable
from services.identity.subscriptions import SUBSCRIPTIONS
from shared.contracts.audit import NO_ORGANIZATION, AuditRecorded
from shared.contracts.identity import Role
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.bus.consumer import apply
from shared.platform.db.tables import is_secret
from tests.harness.house import House
from tests.service.identity.conftest import PASSWORD, FrontDesk
from tests.service.identity.test_second_factor import code_of


class Office:
    """An organization that Ada owns, and its audit log."""

    def __init__(self, desk: FrontDesk, owner: dict[str, Any], organization: dict[str, Any]) -> None:
        self.desk, self.owner, self.id = desk, owner, organization["id"]
        self.token = organization["access_token"]

    @classmethod
    async def open(cls, desk: FrontDesk, email: str = "ada@example.com", name: str = "Acme") -> "Office":
        owner = await desk.person(email)
        made = await desk.post("/v1/organizations", {"name": name}, owner["access_token"])
        assert made.status_code == 201, made.text
        return cls(desk, owner, made.json())

    async def call(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx2.Response:
        return await self.desk.call(method, f"/v1/organizations/{self.id}{path}", token or self.token, **options)

    async def entries(self, **wanted: Any) -> list[dict[str, Any]]:
        await self.desk.house.settle()
        answer = await self.call("GET", "/audit-log", params=wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]


async def test_a_change_is_one_entry_with_who_from_where_before_and_after(desk: FrontDesk):
    office = await Office.open(desk)
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Request-Id": "r-1", "Idempotency-Key": "k-1"}
    for _ in range(2):
        changed = await office.call("PATCH", "", json={"industry": "Coffee"}, headers=headers)
        assert changed.status_code == 200
    (entry,) = await office.entries(operation="updateOrganization")
    assert (entry["service"], entry["address"], entry["request_id"]) == ("identity", "203.0.113.7", "r-1")
    user = office.owner["user"]
    who = {"kind": "user", "user_id": user["id"], "name": "Ada Lovelace", "email": "ada@example.com"}
    assert entry["actor"] == who | {
        "session_id": (await desk.call("GET", "/v1/auth/sessions", office.token)).json()["items"][0]["id"],
        "api_key_id": None,
        "api_key_name": None,
    }
    assert entry["changes"] == [
        {
            "kind": "organizations",
            "id": office.id,
            "action": "changed",
            "before": {"industry": None, "version": 1},
            "after": {"industry": "Coffee", "version": 2},
        }
    ]
    assert (await office.call("GET", f"/audit-log/{entry['id']}")).json() == entry


async def test_what_changed_nothing_or_failed_leaves_no_entry(desk: FrontDesk):
    office = await Office.open(desk)
    assert (await office.call("PATCH", "", json={"industry": "Tea"})).status_code == 200
    assert (await office.call("PATCH", "", json={"industry": "Tea"})).status_code == 200
    assert (await office.call("PATCH", "", json={"industry": "Milk", "version": 1})).status_code == 409
    assert (await office.call("PATCH", "", json={"settings": {"currency": "MYR"}})).status_code == 409
    assert len(await office.entries(operation="updateOrganization")) == 1


async def test_an_api_key_is_named_and_its_secret_is_not(desk: FrontDesk):
    office = await Office.open(desk)
    made = (await office.call("POST", "/api-keys", json={"name": "Robot", "role": "admin"})).json()
    assert (await office.call("PATCH", "", made["key"], json={"industry": "Robots"})).status_code == 200
    (entry,) = await office.entries(api_key_id=made["id"])
    assert (entry["actor"]["kind"], entry["actor"]["api_key_name"]) == ("api_key", "Robot")
    assert entry["actor"]["user_id"] == office.owner["user"]["id"]
    (creation,) = await office.entries(kind="api_keys", id=made["id"])
    (change,) = creation["changes"]
    assert (creation["operation"], change["before"], change["after"]["digest"]) == ("createApiKey", None, "(secret)")
    assert made["key"] not in creation["changes"]


async def test_logins_right_and_wrong_and_a_new_password_are_in_the_log(desk: FrontDesk):
    office = await Office.open(desk)
    wrong = {"email": "ada@example.com", "password": "wrong battery"}
    assert (await desk.post("/v1/auth/login", wrong)).status_code == 401
    assert (await desk.post("/v1/auth/forgot-password", {"email": "ada@example.com"})).status_code == 202
    token = await desk.token_for("ada@example.com", 2)
    chosen = {"token": token, "new_password": f"another {PASSWORD}"}
    assert (await desk.post("/v1/auth/reset-password", chosen)).status_code == 200
    office.token = (await desk.log_in("ada@example.com", chosen["new_password"]))["access_token"]

    refused, right = sorted(await office.entries(operation="login"), key=lambda one: one["at"])
    user = office.owner["user"]["id"]
    assert (refused["actor"]["kind"], refused["actor"]["user_id"]) == ("nobody", user)
    (change,) = refused["changes"]
    assert (change["action"], change["after"]) == ("refused", {"because": "invalid_credentials"})
    assert (right["actor"]["kind"], right["actor"]["user_id"]) == ("user", user)
    assert [(one["kind"], one["action"]) for one in right["changes"]] == [("sessions", "created")]
    (asked,) = await office.entries(operation="forgotPassword")
    assert [(one["kind"], one["id"]) for one in asked["changes"]] == [("password_resets", None)]
    (reset,) = await office.entries(operation="resetPassword")
    (password,) = [one for one in reset["changes"] if one["kind"] == "users"]
    assert (password["before"], password["after"]) == ({"password_hash": "(secret)"}, {"password_hash": "(secret)"})
    assert {"users", "password_resets", "sessions", "memberships"} == {one["kind"] for one in reset["changes"]}


async def test_no_secret_that_is_stored_is_in_the_log(desk: FrontDesk, house: House):
    office = await Office.open(desk)
    await office.call("POST", "/api-keys", json={"name": "Robot"})
    await office.call("POST", "/members", json={"email": "guest@example.com", "role": "viewer"})
    factor = await desk.post("/v1/auth/second-factor", {"password": PASSWORD}, office.token)
    confirmed = await desk.post(
        "/v1/auth/second-factor/confirm", {"code": code_of(factor.json()["secret"])}, office.token
    )
    assert confirmed.status_code == 200, confirmed.text
    operations = {"createApiKey", "inviteMember", "setUpSecondFactor", "confirmSecondFactor"}
    entries = await office.entries()
    assert operations <= {entry["operation"] for entry in entries}
    shown = str(entries)
    secrets = {factor.json()["secret"], *confirmed.json()["recovery_codes"], office.token}
    async with house.operator_connection("identity") as connection:
        for table in IdentityTable.metadata.tables.values():
            for column in filter(is_secret, table.columns):
                query = sql.SQL("SELECT {}::text FROM {}").format(
                    sql.Identifier(column.name), sql.Identifier(str(table.schema), table.name)
                )
                secrets |= {row[0] for row in await (await connection.execute(query)).fetchall() if row[0]}
    assert len(secrets) > 20
    assert [secret for secret in secrets if secret in shown] == []


async def test_a_session_that_is_kept_alive_is_no_deed(desk: FrontDesk):
    office = await Office.open(desk)
    refreshed = await desk.post("/v1/auth/refresh-token", {"refresh_token": office.owner["refresh_token"]})
    assert refreshed.status_code == 200
    assert await office.entries(operation="refreshToken") == []
    again = await desk.post("/v1/auth/refresh-token", {"refresh_token": office.owner["refresh_token"]})
    assert again.status_code == 401
    (stolen,) = await office.entries(operation="refreshToken")
    assert stolen["changes"][0]["after"]["ended_because"] == "token_reused"


async def test_who_belongs_to_no_organization_is_kept_apart(desk: FrontDesk):
    office = await Office.open(desk)
    await desk.person("bob@example.com")
    assert (await desk.post("/v1/auth/login", {"email": "nobody@example.com", "password": "x"})).status_code == 401
    assert await office.entries(q="bob@example.com") == []
    told = [event for event in await desk.house.events("AUDIT") if event.organization_id == NO_ORGANIZATION]
    assert [one.operation for one in told if isinstance(one, AuditRecorded)] == [
        *("register", "verifyEmail"),  # Ada's, before she founded anything
        *("login", "register", "verifyEmail", "login", "login"),
    ]


async def test_only_admins_read_it_and_nobody_of_another_organization(desk: FrontDesk):
    office, other = await Office.open(desk), await Office.open(desk, "eve@example.com", "Evil")
    (entry,) = await office.entries(operation="createOrganization")
    for path in ("/audit-log", "/audit-log/export", f"/audit-log/{entry['id']}"):
        assert (await office.call("GET", path, other.token)).status_code == 404
    assert (await other.call("GET", f"/audit-log/{entry['id']}")).status_code == 404
    assert office.id not in str(await other.entries())
    for role, status in ((Role.ADMIN, 200), (Role.MEMBER, 403), (Role.VIEWER, 403)):
        made = await office.call("POST", "/api-keys", json={"name": role.value, "role": role.value})
        for path in ("/audit-log", "/audit-log/export", f"/audit-log/{entry['id']}"):
            assert (await office.call("GET", path, made.json()["key"])).status_code == status


async def test_it_is_searched(desk: FrontDesk):
    office = await Office.open(desk)
    for industry in ("Coffee", "100% Tea"):
        await office.call("PATCH", "", json={"industry": industry})
    tea, coffee = await office.entries(operation="updateOrganization")
    assert [tea, coffee] == await office.entries(kind="organizations", id=office.id, operation="updateOrganization")
    for wanted, found in (
        ({"q": "100% t"}, [tea]),
        ({"q": "coffee"}, [tea, coffee]),
        ({"q": "1000"}, []),
        ({"q": "ada@example", "operation": "updateOrganization"}, [tea, coffee]),
        ({"until": tea["at"], "since": coffee["at"]}, [coffee]),
        ({"user_id": str(new_id())}, []),
        ({"user_id": office.owner["user"]["id"], "operation": "updateOrganization"}, [tea, coffee]),
        ({"service": "plans"}, []),
        ({"actor": "api_key"}, []),
        ({"kind": "plans"}, []),
    ):
        assert await office.entries(**wanted) == found, wanted
    first = (await office.call("GET", "/audit-log", params={"limit": 1})).json()
    second = await office.call("GET", "/audit-log", params={"limit": 1, "cursor": first["next_cursor"]})
    assert first["items"] + second.json()["items"] == [tea, coffee]
    for wrong in ({"since": "yesterday"}, {"since": "0001-01-01T00:00:00+14:00"}, {"actor": "god"}, {"q": "x"}):
        assert (await office.call("GET", "/audit-log", params=wrong)).status_code == 422, wrong


async def test_a_search_reads_its_span_and_no_more(desk: FrontDesk):
    """By the index of the log in time, under row-level security: neither the table, nor another organization's."""
    office, other = await Office.open(desk), await Office.open(desk, "eve@example.com", "Evil")
    await desk.house.settle()
    async with desk.house.operator_connection("identity") as connection:
        for organization in (office.id, other.id):
            await connection.execute(
                "INSERT INTO owned.audit_entries SELECT %s, gen_random_uuid(), now() - days * interval '6 hours',"
                " 'plans', 'savePlan', 'user', NULL, NULL, NULL, '', NULL, jsonb_build_array(jsonb_build_object("
                "'kind', 'plans', 'id', NULL, 'action', 'changed', 'before', NULL, 'after',"
                " jsonb_build_object('note', 'needle ' || days))), 0 FROM generate_series(1, 3000) AS days",
                [organization],
            )
        await connection.commit()
        await connection.execute("ANALYZE owned.audit_entries")
    wanted = AuditFilter(since=searched_since(None, None, now()), text="needle")
    query = entries_of(UUID(office.id), wanted).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    compiled = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    async with desk.house.database("identity").transaction([UUID(office.id)]) as session:
        explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}".replace(":", r"\:"))
        plan = (await session.execute(explain)).scalar_one()
    (scan,) = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "audit_entries"]
    assert scan["Index Name"] == "ix_audit_entries_at"
    assert "at >=" in scan["Index Cond"]
    assert scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) < 90 * 4 + 20

    # the 360th is 90 days old
    assert len(await office.entries(q="needle 36")) == 1
    assert len(await office.entries(q="needle 36", since=(now() - timedelta(days=100)).isoformat())) == 1 + 10
    old = (now() - timedelta(days=700)).isoformat()
    assert len(await office.entries(q="needle 2999", until=old)) == 1
    wide = await office.call("GET", "/audit-log", params={"q": "needle", "since": old})
    assert (wide.status_code, wide.json()["code"]) == (422, "search_too_wide")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


async def test_the_export_holds_every_change_and_no_formula(desk: FrontDesk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.identity.audit.endpoints._AT_ONCE", 2)
    office = await Office.open(desk)
    for number in range(4):
        headers = {"X-Request-Id": f"=cmd|{number}"}
        await office.call("PATCH", "", json={"industry": f"Line {number}"}, headers=headers)
    entries = await office.entries()
    answer = await office.call("GET", "/audit-log/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    told = [(entry["id"], change["kind"]) for entry in entries for change in entry["changes"]]
    assert [(line["entry_id"], line["kind"]) for line in lines] == told
    newest = lines[0]
    assert (newest["request_id"], newest["user_email"]) == ("'=cmd|3", "ada@example.com")
    assert orjson.loads(newest["after"]) == {"version": 5, "industry": "Line 3"}
    some = await office.call("GET", "/audit-log/export", params={"operation": "createOrganization"})
    assert {line["operation"] for line in csv.DictReader(io.StringIO(some.text))} == {"createOrganization"}


async def test_told_twice_it_is_kept_once_and_nobody_can_change_it(desk: FrontDesk, house: House):
    office = await Office.open(desk)
    before = await office.entries()
    told = await house.events("AUDIT")
    await apply(house.database("identity"), SUBSCRIPTIONS[0], [*reversed(told), *told], bypass_inbox=True)
    assert await office.entries() == before
    async with house.operator_connection("identity") as connection:
        for table in ("audit_entries", "audited_things"):
            for right in ("UPDATE", "DELETE", "TRUNCATE"):
                query = "SELECT has_table_privilege('trueup_identity', %s, %s)"
                may = await (await connection.execute(query, [f"owned.{table}", right])).fetchone()
                assert may == (False,), (table, right)
