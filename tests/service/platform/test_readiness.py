"""A service is ready on its own schema and on a newer one: ``migrate`` comes first, and releases are taken back."""

import pytest

from tests.harness.house import House

_SET = "UPDATE platform.{}_version SET version_num = %s"


@pytest.mark.parametrize(
    ("history", "version", "status"),
    [("service", "9999", 200), ("platform", "9999", 200), ("service", "0000", 503), ("platform", "0000", 503)],
)
async def test_only_an_older_schema_is_not_enough(house: House, history: str, version: str, status: int) -> None:
    await house.start("reporting", roles=("http",))
    client = house.client("reporting")
    assert (await client.get("/readyz")).status_code == 200
    async with house.operator_connection("reporting") as connection:
        await connection.execute(_SET.format(history), [version])
    answer = await client.get("/readyz")
    assert answer.status_code == status
    assert ("run: trueup migrate" in answer.json()["checks"]["database"]) == (status == 503)
