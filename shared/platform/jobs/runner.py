"""The worker that finds due slots and carries them out, one chunk per transaction."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.db.edges import Database
from shared.platform.db.outage import is_outage
from shared.platform.failpoints import failpoint
from shared.platform.jobs import store
from shared.platform.jobs.job import Job, Slot, Step
from shared.platform.jobs.schedule import missed_slots
from shared.platform.jobs.store import Claimed, LostRunError
from shared.platform.tenancy.organizations import organizations_by_id
from shared.platform.worker import work_off

if TYPE_CHECKING:
    from shared.platform.service import Runtime

log = structlog.get_logger()

ROLE = "jobs"
POLL_SECONDS = 60.0
AT_A_TIME = 200
FIRST_RETRY = timedelta(minutes=1)
LONGEST_ERROR = 500


class _DryRunEnded(Exception):
    """Undoes what a dry run did; carries what it would have done."""

    def __init__(self, step: Step) -> None:
        self.step = step


class JobRunner:
    """Carries out the due jobs of one service. Any number of replicas may have one."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = jobs
        self._owner = new_id()

    async def work(self) -> int:
        """Carry out everything that is due now; gives how many runs that were."""
        done = 0
        for job in self._jobs:
            while (run := await self._claim_by_hand(job)) is not None:
                done += await self._carry_out(job, run)
            done += await self._scheduled(job)
        return done

    async def _claim_by_hand(self, job: Job) -> Claimed | None:
        async with self._database.transaction() as session:
            return await store.claim_by_hand(session, job.name, self._owner, now())

    async def _scheduled(self, job: Job) -> int:
        done = 0
        after: UUID | None = None
        while True:
            found, after = await self._due(job, after)
            for organization_id, slots in found:
                for slot in slots:
                    async with self._database.transaction() as session:
                        run = await store.claim_slot(session, job.name, (organization_id, slot), self._owner, now())
                    # A later slot waits for those before it: reviews of two months come in their order.
                    if run is None or not await self._carry_out(job, run):
                        break
                    done += 1
            if after is None:
                return done

    async def _due(self, job: Job, after: UUID | None) -> tuple[list[tuple[UUID, list[date]]], UUID | None]:
        """Some organizations with the slots to carry out, and after which to ask on (null: these were the last).

        Organizations that this job does not know yet begin with their next slot.
        """
        at = now()
        async with self._database.transaction() as session:
            zones = await store.time_zones(session)
            newest = {zone: job.schedule.newest_slot(wall_clock(at, zone)) for zone in zones}
            found = await store.due(session, job.name, newest, after, AT_A_TIME)
            await store.begin_history(session, job.name, {one: slot for one, slot, last in found if last is None}, at)
        due = [
            (organization_id, missed_slots(job.schedule, last, slot, job.most_missed))
            for organization_id, slot, last in found
            if last is not None
        ]
        return due, found[-1][0] if len(found) == AT_A_TIME else None

    async def _carry_out(self, job: Job, run: Claimed) -> bool:
        """Chunk by chunk to the end; gives whether it came to it."""
        try:
            while not await self._step(job, run):
                pass
        except LostRunError:
            log.info("job.taken_over", job=job.name, run=str(run.id))
            return False
        except Exception as error:
            if is_outage(error):
                with suppress(Exception):
                    async with self._database.transaction() as session:
                        await store.release(session, run, now())
                raise
            await self._failed(job, run, error)
            return False
        log.info("job.done", job=job.name, organization_id=str(run.organization_id), slot=str(run.slot))
        return True

    async def _step(self, job: Job, run: Claimed) -> bool:
        """One chunk; gives whether it was the last."""
        at = now()
        step: Step | None = None
        with suppress(_DryRunEnded):
            async with self._database.transaction([run.organization_id]) as session:
                cursor = await store.hold(session, run)
                organization = (await organizations_by_id(session, [run.organization_id]))[run.organization_id]
                step = await job.chunk(session, Slot(organization, run.slot, run.started_at), cursor)
                if run.dry_run:
                    raise _DryRunEnded(step)
                await store.note_step(session, run, step.counts, step.cursor, at, done=step.cursor is None)
                await failpoint("jobs.before_commit")
        assert step is not None
        if run.dry_run:
            async with self._database.transaction([run.organization_id]) as session:
                await store.hold(session, run)
                await store.note_step(session, run, step.counts, step.cursor, at, done=step.cursor is None)
        return step.cursor is None

    async def _failed(self, job: Job, run: Claimed, error: Exception) -> None:
        at = now()
        log.error("job.failed", job=job.name, run=str(run.id), attempt=run.attempts + 1, exc_info=error)
        told = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
        async with self._database.transaction() as session:
            again = at + FIRST_RETRY * 2**run.attempts
            await store.note_failure(session, run, told, at, again)


def wall_clock(at: datetime, zone: str) -> datetime:
    """The wall clock of a time zone."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


async def run_jobs(runtime: "Runtime", jobs: Sequence[Job]) -> None:
    """Look each minute, and at once after a start or when woken, what is due; for ever."""
    runner = JobRunner(runtime.database, jobs)
    await work_off(runtime.wakeups, ROLE, runner.work, poll_seconds=POLL_SECONDS)
