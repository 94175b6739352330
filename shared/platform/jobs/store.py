"""SQL of job runs."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.ids import new_id
from shared.platform.db.platform_tables import JobRunRow, OrganizationRow

LEASE = timedelta(minutes=2)
"""How long a chunk may take before another replica takes the run over."""
MOST_ATTEMPTS = 5
WAITING, RUNNING, DONE, FAILED, SKIPPED = "waiting", "running", "done", "failed", "skipped"


_FREE = """(
    state = 'waiting'
    OR state = 'running' AND lease_until <= :at
    OR state = 'failed' AND lease_until <= :at AND attempts < :most
)"""
"""A run that may be taken: asked for, its holder gone, or failed and its waiting time over."""


_OLDEST_BY_HAND = f"""id = (
    SELECT id FROM platform.job_runs WHERE job = :job AND NOT scheduled AND {_FREE} ORDER BY id LIMIT 1
)"""  # noqa: S608 - constants of this module


class LostRunError(Exception):
    """Another replica took the run over, or it was ended: what this one was about to commit does not count."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that this process carries out."""

    id: UUID
    organization_id: UUID
    job: str
    slot: date
    dry_run: bool
    attempts: int
    """How often it has failed."""
    started_at: datetime
    cursor: Any
    owner: UUID


async def time_zones(session: AsyncSession) -> list[str]:
    """Every time zone in which an organization lives."""
    return list(await session.scalars(select(OrganizationRow.time_zone).where(~OrganizationRow.archived).distinct()))


async def due(
    session: AsyncSession, job: str, newest: Mapping[str, date], after: UUID | None, limit: int
) -> list[tuple[UUID, date, date | None]]:
    """Organizations whose newest slot of a job is not settled: (id, newest slot, last settled slot if any), by id."""
    rows = await session.execute(
        text(
            """
            SELECT o.id, zones.newest, settled.slot
            FROM unnest(CAST(:zones AS text[]), CAST(:newest AS date[])) AS zones (time_zone, newest)
            JOIN platform.organizations o ON o.time_zone = zones.time_zone AND NOT o.archived
            LEFT JOIN LATERAL (
                SELECT max(r.slot) AS slot FROM platform.job_runs r
                WHERE r.organization_id = o.id AND r.job = :job AND r.scheduled
                  AND (r.state IN ('done', 'skipped') OR r.state = 'failed' AND r.attempts >= :most)
            ) settled ON true
            WHERE (settled.slot IS NULL OR settled.slot < zones.newest) AND o.id > :after
            ORDER BY o.id
            LIMIT :limit
            """
        ),
        {
            "zones": [*newest],
            "newest": [*newest.values()],
            "job": job,
            "after": after or UUID(int=0),
            "limit": limit,
            "most": MOST_ATTEMPTS,
        },
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def begin_history(session: AsyncSession, job: str, slots: Mapping[UUID, date], at: datetime) -> None:
    """Note from which slot on an organization's runs are due: those before it came are not caught up."""
    rows = [_new(organization, slot, job, SKIPPED, at) for organization, slot in slots.items()]
    if rows:
        await session.execute(insert(JobRunRow).on_conflict_do_nothing(), rows)


async def claim_slot(
    session: AsyncSession, job: str, of: tuple[UUID, date], owner: UUID, at: datetime
) -> Claimed | None:
    """Take an organization's scheduled slot: a new one, one whose holder is gone, or a failed one in time."""
    organization_id, slot = of
    fresh = _new(organization_id, slot, job, RUNNING, at) | {"owner": owner, "lease_until": at + LEASE}
    inserted = await session.execute(insert(JobRunRow).values(fresh).on_conflict_do_nothing().returning(JobRunRow.id))
    if inserted.first() is not None:
        return Claimed(fresh["id"], organization_id, job, slot, False, 0, at, None, owner)  # noqa: FBT003 - in the columns' order
    return await _take(
        session,
        "organization_id = :organization AND job = :job AND slot = :slot AND scheduled",
        {"organization": organization_id, "job": job, "slot": slot},
        owner,
        at,
    )


async def claim_by_hand(session: AsyncSession, job: str, owner: UUID, at: datetime) -> Claimed | None:
    """Take the oldest run that a person asked for, if one waits or lost its holder."""
    return await _take(session, _OLDEST_BY_HAND, {"job": job}, owner, at)


async def _take(
    session: AsyncSession, which: str, parameters: Mapping[str, Any], owner: UUID, at: datetime
) -> Claimed | None:
    row = (
        await session.execute(
            text(
                f"""
                UPDATE platform.job_runs
                SET state = 'running', owner = :owner, lease_until = :until, error = NULL,
                    started_at = coalesce(started_at, :at), finished_at = NULL
                WHERE {which} AND {_FREE}
                RETURNING id, organization_id, job, slot, dry_run, attempts, started_at, cursor
                """  # noqa: S608 - constants of this module
            ),
            {**parameters, "owner": owner, "until": at + LEASE, "at": at, "most": MOST_ATTEMPTS},
        )
    ).one_or_none()
    if row is None:
        return None
    return Claimed(
        row.id, row.organization_id, row.job, row.slot, row.dry_run, row.attempts, row.started_at, row.cursor, owner
    )


async def hold(session: AsyncSession, run: Claimed) -> Any:
    """Lock a run that is still this process's for the rest of the transaction; gives its cursor.

    Raises ``LostRunError`` when another replica has it.
    """
    row = (
        await session.execute(
            text(
                "SELECT cursor FROM platform.job_runs"
                " WHERE id = :id AND owner = :owner AND state = 'running' FOR UPDATE"
            ),
            {"id": run.id, "owner": run.owner},
        )
    ).one_or_none()
    if row is None:
        raise LostRunError(f"the run {run.id} of {run.job} is another's")
    return row.cursor


async def note_step(
    session: AsyncSession, run: Claimed, counts: Counter[str], cursor: Any, at: datetime, *, done: bool
) -> None:
    """Add what a chunk did, and where the next one goes on; or that the run is complete."""
    await session.execute(
        text(
            """
            UPDATE platform.job_runs SET
                counts = (
                    SELECT coalesce(jsonb_object_agg(key, total), '{}') FROM (
                        SELECT key, sum(value::bigint) AS total
                        FROM (SELECT * FROM jsonb_each_text(counts)
                              UNION ALL SELECT * FROM jsonb_each_text(CAST(:counts AS jsonb))) AS both_
                        GROUP BY key
                    ) AS added
                ),
                cursor = CAST(:cursor AS jsonb), lease_until = :until,
                state = CASE WHEN :done THEN 'done' ELSE state END,
                finished_at = CASE WHEN :done THEN CAST(:at AS timestamptz) END
            WHERE id = :id
            """
        ),
        {
            "id": run.id,
            "counts": orjson.dumps(dict(counts)).decode(),
            "cursor": orjson.dumps(cursor).decode(),
            "until": at + LEASE,
            "at": at,
            "done": done,
        },
    )


async def note_failure(session: AsyncSession, run: Claimed, error: str, at: datetime, again: datetime) -> None:
    """Note why a run failed; it is tried again from its cursor, a few times."""
    await session.execute(
        text(
            "UPDATE platform.job_runs SET state = 'failed', attempts = attempts + 1, error = :error, finished_at = :at,"
            " lease_until = :again WHERE id = :id AND owner = :owner"
        ),
        {"id": run.id, "owner": run.owner, "error": error, "at": at, "again": again},
    )


async def release(session: AsyncSession, run: Claimed, at: datetime) -> None:
    """Let another take a run over at once: this process cannot go on."""
    await session.execute(
        text("UPDATE platform.job_runs SET lease_until = :at WHERE id = :id AND owner = :owner"),
        {"id": run.id, "owner": run.owner, "at": at},
    )


async def ask_for(
    session: AsyncSession, job: str, of: tuple[UUID, date], *, by: UUID | None, at: datetime, dry_run: bool
) -> JobRunRow:
    """Write a run of an organization's slot that a person asks for; a replica takes it up."""
    row = JobRunRow(**_new(*of, job, WAITING, at))
    row.scheduled, row.dry_run, row.started_by, row.started_at = False, dry_run, by, None
    session.add(row)
    await session.flush()
    return row


def _new(organization_id: UUID, slot: date, job: str, state: str, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organization_id": organization_id,
        "job": job,
        "slot": slot,
        "scheduled": True,
        "dry_run": False,
        "state": state,
        "attempts": 0,
        "asked_at": at,
        "started_at": at,
        "finished_at": at if state == SKIPPED else None,
        "lease_until": at,
        "owner": None,
        "cursor": None,
        "counts": {},
        "error": None,
        "started_by": None,
    }


def listed(organization_id: UUID, jobs: Collection[str], job: str | None, state: str | None) -> Select[JobRunRow]:
    """The runs of an organization."""
    statement = select(JobRunRow).where(
        JobRunRow.organization_id == organization_id, JobRunRow.job.in_([job] if job else jobs)
    )
    return statement.where(JobRunRow.state == state) if state else statement


async def run_by_id(session: AsyncSession, organization_id: UUID, run_id: UUID) -> JobRunRow | None:
    """One run of an organization."""
    row = await session.get(JobRunRow, run_id, populate_existing=True)
    return row if row is not None and row.organization_id == organization_id else None
