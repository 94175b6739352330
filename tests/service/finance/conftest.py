"""A running finance, and what it has announced."""

import pytest

from shared.contracts.finance import MetricCreated, MetricKind
from tests.harness.house import House


class Finance:
    """Finance in a house of its own."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def tell(self, *events):
        """Publish events and wait until finance has settled."""
        await self.house.publish(*events)
        await self.house.settle()

    async def announced(self, kind=MetricKind.MRR):
        """The newest revision of each figure, withdrawn ones left out: day -> value."""
        newest = {}
        for event in await self.house.events("FINANCE", MetricCreated):
            known = newest.get(event.natural_key)
            if known is None or event.revision > known.revision:
                newest[event.natural_key] = event
        return {
            str(event.observed_on): str(event.value.normalize() + 0)
            for event in sorted(newest.values(), key=lambda event: event.observed_on)
            if event.metric is kind and not event.withdrawn
        }


@pytest.fixture
async def finance(house: House) -> Finance:
    await house.start("finance")
    return Finance(house)
