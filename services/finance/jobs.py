"""The jobs of finance, each in every organization's own time."""

from datetime import time

from services.finance.metric.carrying import end_day
from shared.platform.jobs.job import Job
from shared.platform.jobs.runner import run_jobs
from shared.platform.jobs.schedule import Daily
from shared.platform.service import Runtime

MOST_DAYS = 31
END_OF_DAY = Job(
    "end_of_day",
    "End the local day with one observation per venture and kind, carried forward if nothing happened",
    Daily(time(0, 5)),
    end_day,
    most_missed=MOST_DAYS,
)
JOBS = (END_OF_DAY,)


async def run(runtime: Runtime) -> None:
    """Carry out what is due, for ever."""
    await run_jobs(runtime, JOBS)
