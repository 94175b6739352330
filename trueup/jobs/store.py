"""Runs of jobs in the services' databases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sqlalchemy import String, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.clock import now
from shared.platform import audit
from shared.platform.db.platform_tables import JobRunRow, OrganizationRow
from shared.platform.jobs import store
from shared.platform.jobs.job import Job
from shared.platform.jobs.runner import wall_clock
from shared.platform.jobs.schedule import SlotInTheFuture, slot_asked_for
from shared.platform.jobs.schemas import JobRunOut
from trueup.access import chosen_services, operator_database, service_database
from trueup.deeds import deed
from trueup.local import LocalError

_RUNS = select(JobRunRow, OrganizationRow.slug).join(
    OrganizationRow, OrganizationRow.id == JobRunRow.organization_id, isouter=True
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run with the service that carries it out, and whose it is."""

    service: str
    organization: str
    row: JobRunRow

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it (one that failed may be tried again later)."""
        return self.row.state in (store.DONE, store.FAILED, store.SKIPPED)

    def summary(self) -> dict[str, Any]:
        """For scripts."""
        said = JobRunOut.of(self.row).model_dump(mode="json")
        return {"service": self.service, "organization": self.organization, **said}


def jobs_of(service: str) -> Sequence[Job]:
    """The jobs that a service has."""
    module = f"services.{service}.jobs"
    jobs: Sequence[Job] = import_module(module).JOBS if find_spec(module) else ()
    return jobs


def services_with_jobs(service: str = "") -> list[str]:
    """The named service, or all services that have jobs."""
    return [one for one in chosen_services(service) if jobs_of(one)]


def all_jobs(service: str = "") -> list[tuple[str, Job]]:
    """Every job with the service that carries it out."""
    return [(one, job) for one in chosen_services(service) for job in jobs_of(one)]


def job_named(name: str, service: str = "") -> tuple[str, Job]:
    """A job by its name.

    Raises:
        LocalError: No service has it, or more than one do.
    """
    known = all_jobs(service)
    found = [(one, job) for one, job in known if job.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise LocalError(f"{' and '.join(one for one, _job in found)} have a job {name!r}: say which --service")
    raise LocalError(f"there is no job {name!r}; there are {', '.join(job.name for _one, job in known)}")


async def runs(service: str, *, job: str | None, organization: str | None, state: str | None, limit: int) -> list[Run]:
    """What ran, newest first."""
    found: list[Run] = []
    for one in services_with_jobs(service):
        statement = _RUNS
        if job is not None:
            statement = statement.where(JobRunRow.job == job)
        if state is not None:
            statement = statement.where(JobRunRow.state == state)
        if organization is not None:
            statement = statement.where(_named(organization))
        async with operator_database(one) as database, database.transaction() as session:
            rows = await session.execute(statement.order_by(JobRunRow.id.desc()).limit(limit))
            found += [Run(one, slug or str(row.organization_id), row) for row, slug in rows]
    return sorted(found, key=lambda run: run.row.id, reverse=True)[:limit]


async def run_named(identity: str, service: str = "") -> Run:
    """A run by its id, or by the beginning or end of it.

    Raises:
        LocalError: It names none, or more than one.
    """
    found: list[Run] = []
    text = cast(JobRunRow.id, String)
    for one in services_with_jobs(service):
        wanted = or_(text.startswith(identity, autoescape=True), text.endswith(identity, autoescape=True))
        async with operator_database(one) as database, database.transaction() as session:
            rows = await session.execute(_RUNS.where(wanted).limit(2))
            found += [Run(one, slug or str(row.organization_id), row) for row, slug in rows]
    if len(found) != 1:
        raise LocalError(f"{identity!r} names {'more than one run' if found else 'no run'}")
    return found[0]


async def ask_for(service: str, job: Job, organization: str, slot: date | None, *, dry_run: bool) -> Run:
    """Write a run that the operator asks for; the service takes it up.

    Raises:
        LocalError: The service knows no such organization, or the slot has not come.
    """
    at = now()
    done = deed(service, "jobs run")
    async with service_database(service) as database, audit.telling(database, done) as session:
        known = await _organization(session, organization, service)
        try:
            chosen = slot_asked_for(job.schedule, slot, wall_clock(at, known.time_zone))
        except SlotInTheFuture as refused:
            raise LocalError(refused.detail) from None
        row = await store.ask_for(session, job.name, (known.id, chosen), by=None, at=at, dry_run=dry_run)
    return Run(service, known.slug, row)


async def _organization(session: AsyncSession, named: str, service: str) -> OrganizationRow:
    found = (await session.scalars(select(OrganizationRow).where(_named(named)))).one_or_none()
    if found is None:
        raise LocalError(f"{service} knows no organization {named!r}: say its slug or its id")
    return found


def _named(organization: str) -> Any:
    return or_(OrganizationRow.slug == organization, cast(OrganizationRow.id, String) == organization)


async def again(run: Run) -> Run:
    """The same run as it is now."""
    async with operator_database(run.service) as database, database.transaction() as session:
        row = await session.get(JobRunRow, run.row.id)
        assert row is not None, "runs stay"
        return Run(run.service, run.organization, row)
