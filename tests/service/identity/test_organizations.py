import asyncio
from typing import Any

from services.identity import operations
from shared.contracts.identity import MemberJoined, MemberRemoved, OrganizationCreated, OrganizationUpdated, Role
from shared.platform.auth.tokens import TokenVerifier
from tests.service.identity.conftest import FrontDesk

ACME = {
    "name": "Acme Ventures",
    "industry": "Food",
    "size": "11-50",
    "founded_year": 2019,
    "website": "https://acme.example",
    "settings": {"currency": "MYR", "timezone": "Asia/Kuala_Lumpur", "fiscal_year_start": 4},
}


async def founded(desk: FrontDesk, email: str = "ada@example.com", **given: Any) -> tuple[str, dict[str, Any]]:
    """Somebody with an organization: (a token that contains it, the organization)."""
    person = await desk.person(email)
    answer = await desk.post("/v1/organizations", ACME | given, person["access_token"])
    assert answer.status_code == 201, answer.text
    return answer.json()["access_token"], answer.json()


async def joined(desk: FrontDesk, owner: str, org: str, email: str, role: str) -> tuple[str, str]:
    """Somebody who accepted an invitation: (token, user id)."""
    person = await desk.person(email)
    before = len(desk.letters(email))
    invited = await desk.post(f"/v1/organizations/{org}/members", {"email": email, "role": role}, owner)
    assert (invited.status_code, invited.json()["status"]) == (201, "pending"), invited.text
    token = await desk.token_for(email, before + 1)
    accepted = await desk.post("/v1/organizations/accept-invitation", {"token": token}, person["access_token"])
    assert (accepted.status_code, accepted.json()["role"]) == (200, role), accepted.text
    return accepted.json()["access_token"], person["user"]["id"]


async def test_the_creator_owns_it_with_a_fresh_token(desk: FrontDesk) -> None:
    token, org = await founded(desk)
    assert (org["slug"], org["role"], org["version"]) == ("acme-ventures", "owner", 1)
    assert org["settings"] == {
        "fiscal_year_start": 4,
        "currency": "MYR",
        "timezone": "Asia/Kuala_Lumpur",
        "date_format": "MM/DD/YYYY",
    }
    keys = (await desk.http.get("/.well-known/jwks.json")).text
    claims = await TokenVerifier("", inline=keys).verify(token)
    assert {str(key): (one.role, one.version) for key, one in claims.memberships.items()} == {
        org["id"]: (Role.OWNER, 1)
    }
    shown = await desk.call("GET", f"/v1/organizations/{org['id']}", token)
    assert shown.json() == {name: value for name, value in org.items() if name in shown.json()}
    mine = (await desk.call("GET", "/v1/organizations", token)).json()
    assert [one["id"] for one in mine["items"]] == [org["id"]]
    session = await desk.log_in("ada@example.com")
    assert session["organizations"] == [
        {"id": org["id"], "name": "Acme Ventures", "slug": "acme-ventures", "role": "owner"}
    ]
    await desk.house.settle()
    created, member = await desk.house.events("IDENTITY")
    assert isinstance(created, OrganizationCreated)
    assert isinstance(member, MemberJoined)
    assert (created.base_currency, created.time_zone, created.fiscal_year_start) == ("MYR", "Asia/Kuala_Lumpur", 4)
    assert (str(member.organization_id), member.role, member.version) == (org["id"], Role.OWNER, 1)


async def test_defaults(desk: FrontDesk) -> None:
    person = await desk.person("ada@example.com")
    org = (await desk.post("/v1/organizations", {"name": "日本"}, person["access_token"])).json()
    assert org["settings"] == {
        "fiscal_year_start": 1,
        "currency": "USD",
        "timezone": "UTC",
        "date_format": "MM/DD/YYYY",
    }
    assert org["slug"].startswith("organization-")


async def test_a_name_is_unique_among_all(desk: FrontDesk) -> None:
    await founded(desk)
    other = await desk.person("bob@example.com")
    for name in ("acme  VENTURES", "Acme-Ventures!"):
        taken = await desk.post("/v1/organizations", {"name": name}, other["access_token"])
        assert (taken.status_code, taken.json()["code"]) == (409, "organization_name_taken")
    once = {"name": "Only Once"}
    answers = await asyncio.gather(*(desk.post("/v1/organizations", once, other["access_token"]) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    token, other = await founded(desk, "carol@example.com", name="Carol's")
    renamed = await desk.call("PATCH", f"/v1/organizations/{other['id']}", token, json={"name": "ACME ventures"})
    assert (renamed.status_code, renamed.json()["code"]) == (409, "organization_name_taken")


async def test_refused_organizations(desk: FrontDesk) -> None:
    person = await desk.person("ada@example.com")
    for change in [
        {"name": ""},
        {"name": "a\nb"},
        {"size": "12"},
        {"founded_year": 10**20},
        {"founded_year": "2019"},
        {"website": "javascript:alert(1)"},
        {"website": "no address"},
        {"settings": {"currency": "ABC"}},
        {"settings": {"timezone": "Mars/Base"}},
        {"settings": {"timezone": "../etc/passwd"}},
        {"settings": {"fiscal_year_start": 13}},
        {"settings": {"date_format": "whatever"}},
        {"owner": "me"},
    ]:
        answer = await desk.post("/v1/organizations", ACME | change, person["access_token"])
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), change
    assert (await desk.post("/v1/organizations", ACME)).status_code == 401


async def test_settings_change_but_not_the_currency(desk: FrontDesk) -> None:
    token, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}"
    settings = {"timezone": "Europe/Berlin", "fiscal_year_start": 1}
    changed = await desk.call("PATCH", path, token, json={"name": "Acme Holding", "settings": settings, "version": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    assert (changed.json()["slug"], changed.json()["settings"]["timezone"]) == ("acme-ventures", "Europe/Berlin")
    stale = await desk.call("PATCH", path, token, json={"industry": "Tea"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 2)
    same = await desk.call("PATCH", path, token, json={"settings": {"currency": "MYR"}})
    assert (same.status_code, same.json()["version"]) == (200, 2)
    fixed = await desk.call("PATCH", path, token, json={"settings": {"currency": "USD"}})
    assert (fixed.status_code, fixed.json()["code"]) == (409, "currency_fixed")
    assert (await desk.call("PATCH", path, token, json={"name": None})).status_code == 422
    await desk.house.settle()
    (event,) = await desk.house.events("IDENTITY", OrganizationUpdated)
    assert isinstance(event, OrganizationUpdated)
    assert (event.version, event.name, event.time_zone) == (2, "Acme Holding", "Europe/Berlin")


async def test_an_invited_person_joins_with_the_token_from_the_letter(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    viewer, user_id = await joined(desk, owner, org["id"], "bob@example.com", "viewer")
    path = f"/v1/organizations/{org['id']}"
    assert (await desk.call("GET", path, viewer)).json()["role"] == "viewer"
    members = (await desk.call("GET", f"{path}/members", viewer)).json()["items"]
    assert [(one["email"], one["role"]) for one in members] == [
        ("ada@example.com", "owner"),
        ("bob@example.com", "viewer"),
    ]
    for method, sub, body in [
        ("PATCH", "", {"industry": "x"}),
        ("POST", "/members", {"email": "c@d.ee", "role": "viewer"}),
    ]:
        assert (await desk.call(method, path + sub, viewer, json=body)).status_code == 403
    again = await desk.post(f"{path}/members", {"email": "BOB@example.com", "role": "admin"}, owner)
    assert (again.status_code, again.json()["code"]) == (409, "already_member")
    token = await desk.token_for("bob@example.com", 2)
    repeated = await desk.post("/v1/organizations/accept-invitation", {"token": token}, viewer)
    assert repeated.status_code == 200
    await desk.house.settle()
    events = await desk.house.events("IDENTITY", MemberJoined)
    assert [str(event.user_id) for event in events if isinstance(event, MemberJoined)][1:] == [user_id]
    async with desk.house.database("identity").transaction() as session:
        figures = await operations.figures(session)
    assert [(one["role"], one["members"]) for one in figures] == [("owner", "1"), ("viewer", "1")]


async def test_an_invitation_is_for_one_person_and_the_newest_counts(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}/members"
    await desk.post(path, {"email": "bob@example.com", "role": "member"}, owner)
    first = await desk.token_for("bob@example.com", 1)
    await desk.post(path, {"email": "bob@example.com", "role": "viewer"}, owner)
    second = await desk.token_for("bob@example.com", 2)
    bob, eve = await desk.person("bob@example.com"), await desk.person("eve@example.com")
    accept = "/v1/organizations/accept-invitation"
    for token, person in [(first, bob), (second, eve), ("nonsense", bob)]:
        refused = await desk.post(accept, {"token": token}, person["access_token"])
        assert (refused.status_code, refused.json()["code"]) == (422, "token_invalid")
    answer = await desk.post(accept, {"token": second}, bob["access_token"])
    assert (answer.status_code, answer.json()["role"]) == (200, "viewer")


async def test_who_may_give_change_and_take_which_role(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    admin, admin_id = await joined(desk, owner, org["id"], "adam@example.com", "admin")
    member, member_id = await joined(desk, owner, org["id"], "mary@example.com", "member")
    path = f"/v1/organizations/{org['id']}/members"
    owner_id = (await desk.call("GET", path, owner)).json()["items"][0]["user_id"]

    async def status(method: str, token: str, user_id: str, role: str | None = None) -> int:
        options = {} if role is None else {"json": {"role": role}}
        return (await desk.call(method, f"{path}/{user_id}", token, **options)).status_code

    invited = await desk.post(path, {"email": "x@example.com", "role": "owner"}, admin)
    assert invited.status_code == 403
    assert await status("PATCH", admin, member_id, "owner") == 403
    assert await status("PATCH", admin, owner_id, "viewer") == 403
    assert await status("DELETE", admin, owner_id) == 403
    assert await status("DELETE", member, admin_id) == 403
    assert await status("DELETE", owner, owner_id) == 409
    assert await status("PATCH", owner, owner_id, "admin") == 409
    assert await status("PATCH", owner, org["id"], "admin") == 404
    assert await status("PATCH", admin, member_id, "admin") == 200
    assert await status("PATCH", owner, admin_id, "owner") == 200
    assert await status("DELETE", owner, owner_id) == 204
    assert (await desk.call("GET", f"/v1/organizations/{org['id']}", owner)).status_code == 404


async def test_two_owners_who_leave_at_once_leave_one(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    other, other_id = await joined(desk, owner, org["id"], "bob@example.com", "admin")
    path = f"/v1/organizations/{org['id']}/members"
    owner_id = (await desk.call("GET", path, owner)).json()["items"][0]["user_id"]
    promoted = await desk.call("PATCH", f"{path}/{other_id}", owner, json={"role": "owner"})
    assert promoted.status_code == 200
    left = await asyncio.gather(
        desk.call("DELETE", f"{path}/{owner_id}", owner), desk.call("DELETE", f"{path}/{other_id}", other)
    )
    assert sorted(answer.status_code for answer in left) == [204, 409]
    assert {answer.json()["code"] for answer in left if answer.status_code == 409} == {"last_owner"}


async def test_a_removed_member_is_out_at_once_and_may_come_back(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}"
    token, user_id = await joined(desk, owner, org["id"], "bob@example.com", "member")
    assert (await desk.call("DELETE", f"{path}/members/{user_id}", owner)).status_code == 204
    assert (await desk.call("GET", path, token)).status_code == 404
    assert (await desk.log_in("bob@example.com"))["organizations"] == []
    await desk.post(f"{path}/members", {"email": "bob@example.com", "role": "viewer"}, owner)
    invitation = await desk.token_for("bob@example.com", 3)
    back = await desk.post("/v1/organizations/accept-invitation", {"token": invitation}, token)
    assert (await desk.call("GET", path, back.json()["access_token"])).json()["role"] == "viewer"
    await desk.house.settle()
    told = await desk.house.events("IDENTITY", MemberJoined) + await desk.house.events("IDENTITY", MemberRemoved)
    versions = [event.sequence for event in told if str(getattr(event, "user_id", "")) == user_id]
    assert sorted(version or 0 for version in versions) == [1, 2, 3]


async def test_another_organization_is_not_there(desk: FrontDesk) -> None:
    _, org = await founded(desk)
    stranger, _ = await founded(desk, "eve@example.com", name="Evil Corp")
    for method, sub, body in [
        ("GET", "", None),
        ("PATCH", "", {"industry": "x"}),
        ("GET", "/members", None),
        ("POST", "/members", {"email": "eve@example.com", "role": "owner"}),
    ]:
        answer = await desk.call(method, f"/v1/organizations/{org['id']}{sub}", stranger, json=body)
        assert answer.status_code == 404, (method, sub)
