"""Jobs over HTTP: what there is, what ran, and starting one by hand."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Request
from sqlalchemy import event

from shared.contracts.identity import Role
from shared.kernel.errors import Invalid, NotFound, field_error
from shared.platform.db.platform_tables import JobRunRow
from shared.platform.http.bodies import Answer, Body
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter
from shared.platform.jobs import store
from shared.platform.jobs.job import Job
from shared.platform.jobs.runner import ROLE, wall_clock

RunState = Literal["waiting", "running", "done", "failed", "skipped"]


class SlotInTheFuture(Invalid):
    """A job runs for a slot that has come."""

    code = "slot_in_the_future"


class JobOut(Answer):
    """A job of the service; ``newest_slot`` is the local day of the last run that was due."""

    name: str
    about: str
    schedule: str
    newest_slot: date


class JobsOut(Answer):
    """All jobs of the service."""

    items: list[JobOut]


class RunBody(Body):
    """For which slot (the newest if not given), and whether it only says what it would do."""

    slot: date | None = None
    dry_run: bool = False


class JobRunOut(Answer):
    """A run: for which local day, how it went, what it did (a dry run: what it would have done)."""

    id: UUID
    job: str
    slot: date
    scheduled: bool
    dry_run: bool
    state: RunState
    attempts: int
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: dict[str, int]
    error: str | None
    started_by: UUID | None

    @classmethod
    def of(cls, row: JobRunRow) -> "JobRunOut":
        """From a stored run."""
        return cls.model_validate(row)


def jobs_router(service: str, jobs: Sequence[Job]) -> TenantRouter:
    """The endpoints of a service's jobs."""
    router = TenantRouter(tags=[f"{service} jobs"])
    by_name = {job.name: job for job in jobs}
    title = service.capitalize()

    def job_named(name: str) -> Job:
        if name not in by_name:
            raise NotFound(f"There is no job {name!r}; there are {', '.join(by_name)}.")
        return by_name[name]

    @router.get(f"/{service}/jobs", operation_id=f"list{title}Jobs")
    async def list_jobs(call: Call) -> JobsOut:
        """The jobs that run for the organization, each in its time zone."""
        local = wall_clock(call.now, (await call.organization()).time_zone)
        items = [
            JobOut(
                name=job.name,
                about=job.about,
                schedule=job.schedule.says(),
                newest_slot=job.schedule.newest_slot(local),
            )
            for job in jobs
        ]
        return JobsOut(items=items)

    @router.get(f"/{service}/job-runs", operation_id=f"list{title}JobRuns")
    async def list_job_runs(
        call: Call,
        page: PageQuery,
        *,
        job: Annotated[str | None, Query(max_length=100, description="Only this job's")] = None,
        state: Annotated[RunState | None, Query(description="Only runs in this state")] = None,
    ) -> Page[JobRunOut]:
        """What ran, newest first."""
        statement = store.listed(call.organization_id, list(by_name), job, state)
        return await paginate(call.session, statement, page, by=[JobRunRow.id.desc()], into=JobRunOut.of)

    @router.get(f"/{service}/job-runs/{{run_id}}", operation_id=f"get{title}JobRun")
    async def get_job_run(run_id: UUID, call: Call) -> JobRunOut:
        """One run, with its progress while it runs."""
        row = await store.run_by_id(call.session, call.organization_id, run_id)
        if row is None or row.job not in by_name:
            raise NotFound("There is no run with this id in this organization.")
        return JobRunOut.of(row)

    @router.post(f"/{service}/jobs/{{job}}/runs", needs=Role.ADMIN, status_code=202, operation_id=f"start{title}Job")
    async def start_job(
        job: Annotated[str, Path(max_length=100)], call: Call, request: Request, body: RunBody | None = None
    ) -> JobRunOut:
        """Start a job by hand; it runs at once, and may be asked after by its id."""
        wanted, asked = job_named(job), body or RunBody()
        newest = wanted.schedule.newest_slot(wall_clock(call.now, (await call.organization()).time_zone))
        if asked.slot is not None and asked.slot > newest:
            message = f"the newest slot is {newest}"
            raise SlotInTheFuture(f"This slot has not come: {message}.", errors=[field_error("slot", message)])
        of = (call.organization_id, asked.slot or newest)
        row = await store.ask_for(call.session, wanted.name, of, by=call.user_id, at=call.now, dry_run=asked.dry_run)
        wakeups = request.app.state.runtime.wakeups
        event.listen(call.session.sync_session, "after_commit", lambda _session: wakeups.wake(ROLE), once=True)
        return JobRunOut.of(row)

    return router
