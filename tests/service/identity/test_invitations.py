from typing import Any

from sqlalchemy import text

from shared.contracts.identity import MemberJoined, OrganizationUpdated, Role
from shared.kernel.ids import new_id
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.test_organizations import founded, joined

ACCEPT = "/v1/organizations/accept-invitation"


async def test_an_invitation_is_listed_sent_again_and_taken_back(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}/members"
    email = "new@example.com"
    invited = await desk.post(path, {"email": email, "role": "member"}, owner)
    first = await desk.token_for(email)
    (listed,) = (await desk.call("GET", f"{path}/invitations", owner)).json()["items"]
    assert listed == invited.json()
    assert (listed["status"], listed["role"]) == ("pending", "member")
    async with desk.house.database("identity").transaction() as session:
        await session.execute(text("UPDATE owned.invitations SET expires_at = now() - interval '1 s'"))
    person = await desk.person(email)
    late = await desk.post(ACCEPT, {"token": first}, person["access_token"])
    assert (late.status_code, late.json()["code"]) == (422, "token_invalid")
    (listed,) = (await desk.call("GET", f"{path}/invitations", owner)).json()["items"]
    assert listed["status"] == "expired"
    again = await desk.post(f"{path}/invitations/{listed['id']}/resend", None, owner)
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    second = await desk.token_for(email, 3)
    assert (await desk.post(ACCEPT, {"token": first}, person["access_token"])).status_code == 422
    assert (await desk.call("DELETE", f"{path}/invitations/{listed['id']}", owner)).status_code == 204
    assert (await desk.post(ACCEPT, {"token": second}, person["access_token"])).status_code == 422
    assert (await desk.call("GET", f"{path}/invitations", owner)).json()["items"] == []
    for method, sub in (("DELETE", ""), ("POST", "/resend")):
        gone = await desk.call(method, f"{path}/invitations/{listed['id']}{sub}", owner)
        assert gone.status_code == 404
    stranger, _ = await founded(desk, "eve@example.com", name="Evil Corp")
    assert (await desk.call("GET", f"{path}/invitations", stranger)).status_code == 404


async def test_letters_to_a_stranger_are_few(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}/members"
    invited = await desk.post(path, {"email": "new@example.com", "role": "viewer"}, owner)
    resend = f"{path}/invitations/{invited.json()['id']}/resend"
    answers = [await desk.post(resend, None, owner) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 9 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_ownership_is_handed_over_by_an_owner_alone(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}"
    admin, admin_id = await joined(desk, owner, org["id"], "adam@example.com", "admin")
    hand_over: dict[str, Any] = {"user_id": admin_id}
    assert (await desk.post(f"{path}/transfer-ownership", hand_over, admin)).status_code == 403
    assert (await desk.post(f"{path}/transfer-ownership", {"user_id": str(new_id())}, owner)).status_code == 404
    done = await desk.post(f"{path}/transfer-ownership", hand_over, owner)
    assert (done.status_code, done.json()["role"]) == (200, "owner"), done.text
    roles = {one["email"]: one["role"] for one in (await desk.call("GET", f"{path}/members", owner)).json()["items"]}
    assert roles == {"ada@example.com": "admin", "adam@example.com": "owner"}
    assert (await desk.post(f"{path}/transfer-ownership", hand_over, owner)).status_code == 403
    again = await desk.post(f"{path}/transfer-ownership", hand_over, admin)
    assert again.status_code == 409


async def test_a_member_may_be_limited_to_ventures(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}/members"
    venture, other = sorted(str(new_id()) for _ in range(2))
    body: dict[str, Any] = {"email": "ceo@example.com", "role": "admin", "venture_ids": [venture]}
    assert (await desk.post(path, body, owner)).status_code == 422
    ceo = await desk.person("ceo@example.com")
    invited = await desk.post(path, body | {"role": "member"}, owner)
    assert invited.json()["venture_ids"] == [venture]
    letter = await desk.token_for("ceo@example.com", 2)
    accepted = await desk.post(ACCEPT, {"token": letter}, ceo["access_token"])
    assert accepted.status_code == 200
    one = f"{path}/{ceo['user']['id']}"
    assert (await desk.call("PATCH", one, owner, json={"role": "admin"})).status_code == 422
    wider = await desk.call("PATCH", one, owner, json={"venture_ids": [other, venture, other]})
    assert wider.json()["venture_ids"] == [venture, other]
    assert (await desk.call("PATCH", one, owner, json={"venture_ids": []})).status_code == 422
    promoted = await desk.call("PATCH", one, owner, json={"role": "admin", "venture_ids": None})
    assert (promoted.status_code, promoted.json()["venture_ids"]) == (200, None)
    await desk.house.settle()
    told = [event for event in await desk.house.events("IDENTITY", MemberJoined) if isinstance(event, MemberJoined)]
    mine = [event for event in told if str(event.user_id) == ceo["user"]["id"]]
    assert [len(event.venture_ids or ()) for event in mine] == [1, 2, 0]
    assert mine[-1].role is Role.ADMIN


async def test_an_archived_organization_can_be_read_and_restored(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}"
    admin, _ = await joined(desk, owner, org["id"], "adam@example.com", "admin")
    assert (await desk.post(f"{path}/archive", None, admin)).status_code == 403
    for _ in range(2):
        archived = await desk.post(f"{path}/archive", None, owner)
        assert (archived.status_code, archived.json()["version"]) == (200, 2)
        assert archived.json()["archived_at"]
    assert (await desk.call("GET", path, admin)).status_code == 200
    refused = await desk.call("PATCH", path, admin, json={"industry": "Tea"})
    assert (refused.status_code, refused.json()["code"]) == (409, "organization_archived")
    assert (await desk.log_in("ada@example.com"))["organizations"] == []
    assert (await desk.call("GET", "/v1/organizations", owner)).json()["items"] == []
    (hidden,) = (await desk.call("GET", "/v1/organizations?archived=true", owner)).json()["items"]
    assert hidden["id"] == org["id"]
    restored = await desk.post(f"{path}/restore", None, owner)
    assert (restored.status_code, restored.json()["archived_at"]) == (200, None)
    assert (await desk.call("PATCH", path, admin, json={"industry": "Tea"})).status_code == 200
    await desk.house.settle()
    told = await desk.house.events("IDENTITY", OrganizationUpdated)
    assert [event.archived for event in told if isinstance(event, OrganizationUpdated)] == [True, False, False]
