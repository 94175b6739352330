"""The read models by which money is linked can be built again from the streams: no figure moves."""

from pathlib import Path

import psycopg
import pytest

from shared.contracts.finance import AccountUpdated
from shared.contracts.plans import VentureStage, VentureUpdated
from shared.kernel.ids import new_id
from tests.harness.house import House
from tests.harness.operator import Operator
from tests.service.ingestion.stripe_desk import StripeDesk
from tests.service.ingestion.test_ledger import AT, a_life
from trueup.stripe_double import BASIL, StripeAccount


@pytest.fixture
def trueup(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Operator:
    monkeypatch.setenv("TRUEUP_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return Operator(house, monkeypatch)


async def a_linked_desk(house: House) -> StripeDesk:
    await house.start("ingestion")
    organization = await house.organization()
    account_id, venture_id = new_id(), new_id()
    await house.publish(
        VentureUpdated(
            organization_id=organization.id,
            venture_id=venture_id,
            version=1,
            name="V",
            stage=VentureStage.GROWTH,
            currency="MYR",
        ),
        AccountUpdated(
            organization_id=organization.id, account_id=account_id, version=1, name="A", venture_id=venture_id
        ),
    )
    desk = await StripeDesk.open(house, organization)
    account = StripeAccount("linked", BASIL)
    customer = account.customers.create("A", AT, metadata={"account_id": str(account_id)})
    await desk.deliver([*a_life(BASIL), *customer, *account.payments.take(customer.subject, 900, "myr", AT)])
    await house.settle()
    return desk


async def test_a_rebuild_of_accounts_and_ventures_moves_nothing(house: House, trueup: Operator) -> None:
    desk = await a_linked_desk(house)
    before = (await trueup("figures", "--json")).out
    sent = len(await house.events("INGESTION"))
    ran = await trueup("rebuild", "--service", "ingestion")
    assert ran.code == 0, ran.err
    assert "0 derived rows corrected" in ran.out
    await house.settle()
    assert (await trueup("figures", "--json")).out == before
    assert len(await house.events("INGESTION")) == sent
    assert await desk.items("payments", unlinked=False) != []


async def test_lost_accounts_come_back_and_link_again(house: House, trueup: Operator) -> None:
    desk = await a_linked_desk(house)
    with psycopg.connect(house.database_url("ingestion", "operator"), autocommit=True) as connection:
        connection.execute("DELETE FROM model.accounts")
        connection.execute("UPDATE owned.payments SET account_id = NULL")
    assert await desk.items("payments", unlinked=False) == []
    assert (await trueup("rebuild", "--service", "ingestion")).code == 1, "a figure moved: it was wrong"
    await house.settle()
    assert len(await desk.items("payments", unlinked=False)) == 1


async def test_replaying_the_streams_changes_nothing(house: House, trueup: Operator) -> None:
    await a_linked_desk(house)
    sent = len(await house.events("INGESTION"))
    ran = await trueup("replay", "--service", "ingestion")
    assert ran.code == 0, ran.err
    await house.settle()
    assert len(await house.events("INGESTION")) == sent
