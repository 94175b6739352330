"""A service that counts: each event becomes one row, so that an effect that happens twice is seen.

It is plans with another handler on SYNC, in plans' own database, with plans' rights; its durable delivers alerts.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans import app
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertRaised, AlertStatus, AlertType, Severity
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.bus.subscription import Batch, Subscription
from shared.platform.bus.topology import consumer_config
from tests.harness.house import House

Trap = Callable[[AsyncSession, Batch], Awaitable[None]]


async def nothing(_session: AsyncSession, _batch: Batch) -> None:
    """No trap."""


class Recorder:
    """Writes a row per event; ``trap`` is called first and may fail."""

    def __init__(self, house: House) -> None:
        self._url = house.database_url("plans", "operator")
        self.trap: Trap = nothing
        with psycopg.connect(self._url) as connection:
            connection.execute("CREATE TABLE owned.effects (organization_id uuid, title text)")
            connection.execute("GRANT SELECT, INSERT ON owned.effects TO trueup_plans")

    async def handle(self, session: AsyncSession, batch: Batch) -> None:
        for event in batch.of(AlertRaised):
            await session.execute(
                text("INSERT INTO owned.effects VALUES (:organization, :title)"),
                {"organization": event.organization_id, "title": event.title},
            )
        await self.trap(session, batch)

    def titles(self) -> list[str]:
        with psycopg.connect(self._url) as connection:
            rows = connection.execute("SELECT title FROM owned.effects ORDER BY ctid").fetchall()
        return [title for (title,) in rows]

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self._url) as connection:
            return connection.execute(query).fetchall()


async def recording(house: House, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Let plans count instead; start it afterwards."""
    recorder = Recorder(house)
    await deliver_alerts(house)
    subscription = Subscription("SYNC", (AlertRaised,), recorder.handle)
    monkeypatch.setattr(app, "SERVICE", replace(app.SERVICE, subscriptions=(subscription,)))
    return recorder


async def deliver_alerts(house: House) -> None:
    """Let the durable deliver what plans does not handle."""
    config = consumer_config("plans", "SYNC", replicas=1)
    await house.operator.jsm().add_consumer("SYNC", config.evolve(filter_subjects=[AlertRaised.subject_of("*", "*")]))


def alert(organization_id: UUID, title: str) -> AlertRaised:
    return AlertRaised(
        organization_id=organization_id,
        alert_id=new_id(),
        venture_id=new_id(),
        version=1,
        type=AlertType.RUNWAY_LOW,
        severity=Severity.WARNING,
        status=AlertStatus.OPEN,
        title=title,
        message="m",
        suggested_action="a",
        metric=MetricKind.RUNWAY_MONTHS,
        raised_at=now(),
        changed_at=now(),
    )


def titles_in(batch: Batch) -> set[str]:
    return {event.title for event in batch.of(AlertRaised)}
