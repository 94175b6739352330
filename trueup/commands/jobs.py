"""``trueup jobs``: what runs by the clock, what ran, and starting it by hand."""

import asyncio
import sys
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console

from shared.contracts.topology import WAKE_PREFIX
from shared.platform.jobs.runner import ROLE
from trueup.access import bus
from trueup.jobs import store
from trueup.jobs.store import Run
from trueup.listing import show_rows, write_json
from trueup.local import LocalError

app = typer.Typer(add_completion=False, no_args_is_help=True)

POLL_SECONDS = 0.2
STATES = ("waiting", "running", "done", "failed", "skipped")

ServiceOption = Annotated[str, typer.Option(help="only this service's")]
AsJson = Annotated[bool, typer.Option("--json", help="for scripts")]
JobName = Annotated[str, typer.Argument(help="its name, as list shows it")]


@app.command("list")
def list_jobs(*, service: ServiceOption = "", as_json: AsJson = False) -> None:
    """List the jobs of all services. Their times are those of each organization."""
    rows = [
        {"job": job.name, "service": one, "schedule": job.schedule.says(), "about": job.about}
        for one, job in store.all_jobs(service)
    ]
    show_rows(rows, ("job", "service", "schedule", "about"), as_json=as_json)


@app.command()
def history(
    *,
    service: ServiceOption = "",
    job: Annotated[str | None, typer.Option(help="only this job's runs")] = None,
    organization: Annotated[str | None, typer.Option(help="only this organization's (slug or id)")] = None,
    state: Annotated[str | None, typer.Option(help=", ".join(STATES))] = None,
    limit: Annotated[int, typer.Option(help="at most so many", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List what ran, newest first."""
    if state is not None and state not in STATES:
        raise LocalError(f"--state is {', '.join(STATES)}")
    if job is not None:
        service = store.job_named(job, service)[0]
    found = asyncio.run(store.runs(service, job=job, organization=organization, state=state, limit=limit))
    show_rows([run.summary() for run in found], _COLUMNS, as_json=as_json)


@app.command()
def show(
    identity: Annotated[str, typer.Argument(help="its id; its beginning or end is enough")],
    *,
    service: ServiceOption = "",
) -> None:
    """Show one run: when, for which day, by whom, what it did, why it failed."""
    write_json(asyncio.run(store.run_named(identity, service)).summary())


@app.command()
def run(
    job: JobName,
    *,
    organization: Annotated[str, typer.Option(help="for which organization (slug or id)")],
    service: ServiceOption = "",
    slot: Annotated[str | None, typer.Option(help="for which local day (YYYY-MM-DD); the newest if not given")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="do everything, count it, and take it back")] = False,
    wait: Annotated[bool, typer.Option(help="until it has ended")] = True,
    as_json: AsJson = False,
) -> None:
    """Start a job by hand; the service carries it out. Exit code 1 if it failed."""
    owner, chosen = store.job_named(job, service)
    ended = asyncio.run(_run(store.ask_for(owner, chosen, organization, _day(slot), dry_run=dry_run), wait=wait))
    if as_json:
        write_json(ended.summary())
    else:
        sys.stdout.write(_said(ended) + "\n")
    raise typer.Exit(1 if ended.row.state == "failed" else 0)


async def _run(asking: Any, *, wait: bool) -> Run:
    asked: Run = await asking
    async with bus() as client:
        await client.publish(f"{WAKE_PREFIX}.{asked.service}.{ROLE}", b"")
        await client.flush()
    if not wait:
        return asked
    with Console(stderr=True).status("waiting") as status:
        while not asked.ended:
            status.update(_said(asked))
            await asyncio.sleep(POLL_SECONDS)
            asked = await store.again(asked)
    return asked


def _said(run: Run) -> str:
    counts = ", ".join(f"{name} {count}" for name, count in sorted(run.row.counts.items())) or "nothing yet"
    dry = " (dry run)" if run.row.dry_run else ""
    error = f": {run.row.error}" if run.row.error else ""
    state = f"waits for a process of {run.service}" if run.row.state == "waiting" else run.row.state
    return f"{run.row.job} of {run.organization} for {run.row.slot}{dry}, run {run.row.id}: {state}, {counts}{error}"


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise LocalError(f"{text!r} is no day: say it as 2026-11-21") from None


_COLUMNS = ("id", "service", "job", "organization", "slot", "state", "dry_run", "finished_at", "counts", "error")


@app.callback()
def jobs() -> None:
    """List jobs and what ran, or start one by hand."""
