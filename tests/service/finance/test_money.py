from decimal import Decimal
from uuid import UUID

from services.finance.operations import figures
from shared.contracts.ingestion import PaymentReceived, PaymentRefunded, PayoutFailed, PayoutStatus, RefundStatus
from tests.harness.house import Organization
from tests.service.finance.conftest import Finance
from tests.service.finance.facts import CONNECTION, at, venture_created


def money(organization: UUID, minor: int, **members):
    defaults = {"connection_id": CONNECTION, "version": 1, "currency": "MYR", "amount": Decimal(minor) / 100}
    return {"organization_id": organization, "amount_minor": minor, "evidence": ("evt_1",)} | defaults | members


def paid(organization: UUID, when: str, minor: int, **members):
    return PaymentReceived(**money(organization, minor, occurred_at=at(when), payment_id=f"pi_{when}") | members)


def refunded(organization: UUID, when: str, minor: int, **members):
    facts = {"refund_id": f"re_{when}", "status": RefundStatus.SUCCEEDED, "refunded_at": at(when)}
    return PaymentRefunded(**money(organization, minor) | facts | members)


async def test_money_by_month_in_the_organizations_calendar(finance: Finance) -> None:
    acme = Organization()
    venture = venture_created(acme.id)
    kopi = {"venture_id": venture.venture_id, "account_id": UUID(int=4)}
    # Some facts come before their organization.
    await finance.tell(
        paid(acme.id, "2026-01-31T15:59", 10000, **kopi),
        paid(acme.id, "2026-01-31T16:00", 20000),
        refunded(acme.id, "2026-02-03T00:00", 5000, failed_at=at("2026-02-27T16:00")),
    )
    await finance.tell(acme.created(), venture)
    payout = {"payout_id": "po_1", "arrival_date": "2026-02-05", "deposited": True, "reversed_on": "2026-03-01"}
    await finance.tell(
        paid(acme.id, "2026-02-10", 3300, currency="USD"),
        paid(acme.id, "2026-02-11", 500, currency="JPY", amount=Decimal(500)),
        PayoutFailed(**money(acme.id, 9000, status=PayoutStatus.FAILED) | payout),
    )
    client = finance.house.client("finance", acme)
    flow = (await client.get("/finance/cash-flow", params={"from": "2026-01", "to": "2026-03"})).json()
    shown = {each["month"]: each for each in flow["months"]}
    assert [shown[month]["total"]["received"] for month in shown] == ["100.00", "200.00", "0.00"]
    assert [shown[month]["total"]["refunded"] for month in shown] == ["0.00", "0.00", "0.00"]
    assert [shown[month]["total"]["net_unlinked"] for month in shown] == ["0.00", "200.00", "0.00"]
    assert [shown[month]["total"]["deposited"] for month in shown] == ["0.00", "90.00", "-90.00"]
    assert [(each["currency"], each["net"]) for each in shown["2026-02"]["unconverted"]] == [
        ("JPY", "500"),
        ("USD", "33.00"),
    ]
    only = (await client.get("/finance/cash-flow", params={"venture_id": venture.venture_id, "to": "2026-01"})).json()
    assert len(only["months"]) == 12
    assert only["months"][-1]["total"]["net"] == "100.00"


async def test_a_newer_version_replaces_an_older_one_in_any_order(finance: Finance) -> None:
    acme = await finance.house.organization()
    versions = [paid(acme.id, "2026-01-05", 1000, version=version, fee_minor=version) for version in (1, 2, 3)]
    await finance.tell(versions[1])
    await finance.tell(versions[2], versions[0])
    client = finance.house.client("finance", acme)
    [fact] = (await client.get("/finance/money-facts")).json()["items"]
    assert (fact["amount"], fact["fee"], fact["counts_on"], fact["evidence"]) == (
        "10.00",
        "0.03",
        "2026-01-05",
        ["evt_1"],
    )


async def test_money_facts_are_found_by_what_they_are(finance: Finance) -> None:
    acme = await finance.house.organization()
    account = UUID(int=9)
    await finance.tell(
        *(paid(acme.id, f"2026-01-0{day}", 1000, account_id=account if day > 2 else None) for day in range(1, 5)),
        refunded(acme.id, "2026-01-04", 300),
    )
    client = finance.house.client("finance", acme)

    async def found(**query):
        answer = await client.get("/finance/money-facts", params=query)
        assert answer.status_code == 200, answer.text
        return [each["object_id"] for each in answer.json()["items"]]

    assert len(await found()) == 5
    assert await found(kind="refund") == ["re_2026-01-04"]
    assert await found(linked=False, kind="payment") == ["pi_2026-01-02", "pi_2026-01-01"]
    assert await found(account_id=account, to="2026-01-03") == ["pi_2026-01-03"]
    assert await found(currency="USD") == []
    for wrong in ({"currency": "XXX"}, {"kind": "gift"}, {"from": "2026-02-01", "to": "2026-01-01"}, {"limit": 500}):
        assert (await client.get("/finance/money-facts", params=wrong)).status_code == 422
    for wrong in ({"from": "2026-13"}, {"from": "1999-01"}, {"from": "2026-05", "to": "2026-04"}):
        assert (await client.get("/finance/cash-flow", params=wrong)).status_code == 422


async def test_figures_by_natural_keys(finance: Finance) -> None:
    acme = await finance.house.organization()
    venture = venture_created(acme.id)
    await finance.tell(venture, paid(acme.id, "2026-01-05", 1000, venture_id=venture.venture_id))
    async with finance.house.database("finance").transaction([acme.id]) as session:
        found = await figures(session)
    received = next(figure for figure in found if figure["part"] == "received")
    assert received == {
        "figure": "finance.money",
        "organization": "acme",
        "venture": "Kopi",
        "month": "2026-01",
        "currency": "MYR",
        "part": "received",
        "amount": "10.00",
    }
