"""Jobs over HTTP: what there is, what ran, and starting one by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from shared.contracts.identity import Role
from shared.kernel.errors import NotFound
from shared.platform.bus.wakeups import wake_after_commit
from shared.platform.db.platform_tables import JobRunRow
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter
from shared.platform.jobs import store
from shared.platform.jobs.job import Job
from shared.platform.jobs.runner import ROLE, wall_clock
from shared.platform.jobs.schedule import slot_asked_for
from shared.platform.jobs.schemas import JobOut, JobRunOut, JobsOut, RunBody, RunState


def jobs_router(service: str, jobs: Sequence[Job]) -> TenantRouter:
    """The endpoints of a service's jobs."""
    router = TenantRouter(tags=[f"{service} jobs"])
    _add_jobs(router, service, jobs)
    _add_runs(router, service, [job.name for job in jobs])
    _add_start(router, service, {job.name: job for job in jobs})
    return router


def _add_jobs(router: TenantRouter, service: str, jobs: Sequence[Job]) -> None:
    @router.get(f"/{service}/jobs", operation_id=f"list{service.capitalize()}Jobs")
    async def list_jobs(call: Call) -> JobsOut:
        """The jobs that run for the organization, each in its time zone."""
        local = await _local_time(call)
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


def _add_runs(router: TenantRouter, service: str, names: Sequence[str]) -> None:
    @router.get(f"/{service}/job-runs", operation_id=f"list{service.capitalize()}JobRuns")
    async def list_job_runs(
        call: Call,
        page: PageQuery,
        *,
        job: Annotated[str | None, Query(max_length=100, description="Only this job's")] = None,
        state: Annotated[RunState | None, Query(description="Only runs in this state")] = None,
    ) -> Page[JobRunOut]:
        """What ran, newest first."""
        statement = store.listed(call.organization_id, list(names), job, state)
        return await paginate(call.session, statement, page, by=[JobRunRow.id.desc()], into=JobRunOut.of)

    @router.get(f"/{service}/job-runs/{{run_id}}", operation_id=f"get{service.capitalize()}JobRun")
    async def get_job_run(run_id: UUID, call: Call) -> JobRunOut:
        """One run, with its progress while it runs."""
        row = await store.run_by_id(call.session, call.organization_id, run_id)
        if row is None or row.job not in names:
            raise NotFound("There is no run with this id in this organization.")
        return JobRunOut.of(row)


def _add_start(router: TenantRouter, service: str, jobs: Mapping[str, Job]) -> None:
    @router.post(
        f"/{service}/jobs/{{job}}/runs",
        needs=Role.ADMIN,
        status_code=202,
        operation_id=f"start{service.capitalize()}Job",
    )
    async def start_job(
        job: Annotated[str, Path(max_length=100)], call: Call, body: RunBody | None = None
    ) -> JobRunOut:
        """Start a job by hand; it runs at once, and may be asked after by its id."""
        if job not in jobs:
            raise NotFound(f"There is no job {job!r}; there are {', '.join(jobs)}.")
        asked = body or RunBody()
        slot = slot_asked_for(jobs[job].schedule, asked.slot, await _local_time(call))
        of = (call.organization_id, slot)
        row = await store.ask_for(call.session, job, of, by=call.user_id, at=call.now, dry_run=asked.dry_run)
        wake_after_commit(call.session, ROLE)
        return JobRunOut.of(row)


async def _local_time(call: Call) -> datetime:
    return wall_clock(call.now, (await call.organization()).time_zone)
