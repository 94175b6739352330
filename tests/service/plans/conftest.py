import pytest

from tests.harness.house import House
from tests.service.plans.desk import Desk


@pytest.fixture
async def desk(house: House) -> Desk:
    await house.start("plans")
    org = await house.organization()
    client = house.client("plans", org)
    venture = (await client.post("/ventures", json={"name": "Kopi"})).json()
    return Desk(house, org, client, venture["id"])
