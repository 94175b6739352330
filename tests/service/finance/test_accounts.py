from shared.contracts.finance import AccountUpdated
from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from tests.service.finance.conftest import Finance
from tests.service.finance.facts import venture_created

ACCOUNTS = "/finance/accounts"


async def test_an_account_from_its_creation_to_the_archive(finance: Finance) -> None:
    acme = await finance.house.organization()
    venture = venture_created(acme.id)
    await finance.tell(venture)
    client = finance.house.client("finance", acme)
    body = {"name": " Warung Pak Din ", "venture_id": str(venture.venture_id), "billing_amount": "120.50"}
    created = await client.post(ACCOUNTS, json=body)
    assert created.status_code == 201, created.text
    account = created.json()
    assert (account["name"], account["billing_currency"], account["version"]) == ("Warung Pak Din", "MYR", 1)
    assert (account["pricing_complete"], account["allowed_actions"]) == (False, ["update", "archive"])
    path = f"{ACCOUNTS}/{account['id']}"

    priced = await client.patch(path, json={"billing_interval": "monthly"}, headers={"If-Match": '"1"'})
    assert priced.status_code == 200, priced.text
    assert (priced.json()["pricing_complete"], priced.json()["version"]) == (True, 2)
    assert (await client.patch(path, json={"billing_interval": "monthly"})).json()["version"] == 2
    stale = await client.patch(path, json={"name": "Other", "version": 1})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 2)

    assert (await client.post(f"{path}/archive")).json()["version"] == 3
    assert (await client.patch(path, json={"name": "Other"})).status_code == 409
    assert (await client.get(ACCOUNTS)).json()["items"] == []
    assert len((await client.get(ACCOUNTS, params={"archived": True})).json()["items"]) == 1
    assert (await client.get(path)).json()["allowed_actions"] == ["unarchive"]
    assert (await client.post(f"{path}/unarchive")).json()["version"] == 4

    await finance.house.settle()
    events = await finance.house.events("FINANCE", AccountUpdated)
    assert [(event.version, event.archived) for event in events] == [(1, False), (2, False), (3, True), (4, False)]
    assert events[1].billing_interval == "monthly"


async def test_what_is_no_account_is_refused(finance: Finance) -> None:
    acme = await finance.house.organization()
    await finance.house.settle()
    client = finance.house.client("finance", acme)
    for wrong in (
        {},
        {"name": " "},
        {"name": "A\nB"},
        {"name": "A", "billing_amount": 1.5},
        {"name": "A", "billing_amount": "-1"},
        {"name": "A", "billing_amount": "99999999999999"},
        {"name": "A", "billing_currency": "XXX"},
        {"name": "A", "billing_interval": "weekly"},
        {"name": "A", "status": "gone"},
        {"name": "A", "surprise": True},
    ):
        answer = await client.post(ACCOUNTS, json=wrong)
        assert answer.status_code == 422, (wrong, answer.text)
    assert (await client.post(ACCOUNTS, json={"name": "A", "venture_id": str(new_id())})).status_code == 404
    first = await client.post(ACCOUNTS, json={"name": "A", "legacy_customer_id": "C-1"})
    taken = await client.post(ACCOUNTS, json={"name": "B", "legacy_customer_id": "C-1"})
    assert (taken.status_code, taken.json()["code"]) == (409, "legacy_customer_taken")
    path = f"{ACCOUNTS}/{first.json()['id']}"
    assert (await client.patch(path, json={"name": None})).status_code == 422
    assert (await client.patch(f"{ACCOUNTS}/{new_id()}", json={"name": "C"})).status_code == 404
    viewer = finance.house.client("finance", acme, Role.VIEWER, user=new_id())
    assert (await viewer.post(ACCOUNTS, json={"name": "A"})).status_code == 403
    member = finance.house.client("finance", acme, Role.MEMBER, user=new_id())
    assert (await member.post(f"{path}/archive")).status_code == 403


async def test_accounts_are_found_by_what_they_are(finance: Finance) -> None:
    acme = await finance.house.organization()
    await finance.house.settle()
    client = finance.house.client("finance", acme)
    for number in range(5):
        body = {"name": f"Account {number}_{number % 2}", "status": "inactive" if number == 3 else "active"}
        assert (await client.post(ACCOUNTS, json=body)).status_code == 201
    names = [each["name"] for each in (await client.get(ACCOUNTS, params={"name": "_1"})).json()["items"]]
    assert names == ["Account 3_1", "Account 1_1"]
    assert len((await client.get(ACCOUNTS, params={"status": "active"})).json()["items"]) == 4
    page = (await client.get(ACCOUNTS, params={"limit": 2})).json()
    rest = (await client.get(ACCOUNTS, params={"limit": 200, "cursor": page["next_cursor"]})).json()
    assert len(rest["items"]) == 3
    assert (await client.get(ACCOUNTS, params={"cursor": "nonsense"})).status_code == 422
