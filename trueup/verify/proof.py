"""The whole proof: wait for rest, check, and look again if something moved meanwhile."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from shared.platform.db.edges import Database
from trueup.access import bus, chosen_services, operator_database
from trueup.verify import checks, invariants, scratch
from trueup.verify.checks import Result
from trueup.verify.scratch import Tell
from trueup.verify.settling import PATIENCE_SECONDS, settle

LOOKS = 3


@dataclass(slots=True)
class Proof:
    """What the proof found."""

    results: list[Result] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    """What had not come to rest in time (then nothing was checked)."""
    notes: list[str] = field(default_factory=list)

    @property
    def differences(self) -> int:
        """How many rows differ, in all checks."""
        return sum(result.differences for result in self.results)


async def prove(tell: Tell, patience: float = PATIENCE_SECONDS) -> Proof:
    """Check everything on a system at rest, which it may take ``patience`` seconds to come to."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(bus())
        databases = {name: await stack.enter_async_context(operator_database(name)) for name in chosen_services()}
        proof = Proof()
        for _ in range(LOOKS):
            tell("waiting for everything to come to rest")
            proof = Proof(moving=await settle(client, databases, patience))
            if proof.moving:
                return proof
            before = await _pulse(databases)
            proof.results = await asyncio.to_thread(_check_all, tell)
            # A difference in a system that moved on while it was read is none: look again.
            if not proof.differences or await _pulse(databases) == before:
                break
        proof.notes = await asyncio.to_thread(invariants.notes)
        return proof


def _check_all(tell: Tell) -> list[Result]:
    with scratch.scratch_pad() as pad:
        scratch.load(pad, tell)
        scratch.derive(pad, tell)
        results = checks.run_all(pad, tell)
    tell("checking the events")
    return results + invariants.run_all()


async def _pulse(databases: dict[str, Database]) -> list[Any]:
    """What changes whenever something happens: how many rows each outbox has ever had, and applied events."""
    found: list[Any] = []
    for database in databases.values():
        async with database.transaction() as session:
            query = (
                "SELECT (SELECT last_value FROM platform.outbox_position_seq), (SELECT count(*) FROM platform.inbox)"
            )
            found.append(tuple((await session.execute(text(query))).one()))
    return found
