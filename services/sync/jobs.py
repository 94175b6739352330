"""The jobs of sync, each in every organization's own time."""

from datetime import time

from services.sync.digest.use_cases import write_digests
from services.sync.review.use_cases import review_ventures
from services.sync.upkeep.pruning import prune
from services.sync.upkeep.use_cases import sync_ventures
from shared.platform.jobs.job import Job
from shared.platform.jobs.runner import run_jobs
from shared.platform.jobs.schedule import Daily, Monthly
from shared.platform.service import Runtime

DAILY_SYNC = Job(
    "daily_sync",
    "Compare the newest observations again, outdate projections older than 30 days, see what the calendar changed",
    Daily(time(2, 30)),
    sync_ventures,
)
MONTHLY_REVIEW = Job(
    "monthly_review",
    "Review the month before for each venture, and tell of it (plans flags those that lag)",
    Monthly(1, time(3, 0)),
    review_ventures,
    most_missed=12,
)
DIGEST = Job(
    "digest",
    "Write members who want a digest one letter about what happened since the last one; weekly ones on Mondays",
    Daily(time(8, 0)),
    write_digests,
    most_missed=7,
)
PRUNE = Job(
    "prune",
    "Delete webhook deliveries and letters that were settled, and notifications that were read, long ago",
    Daily(time(4, 0)),
    prune,
)
JOBS = (DAILY_SYNC, MONTHLY_REVIEW, DIGEST, PRUNE)


async def run(runtime: Runtime) -> None:
    """Carry out what is due, for ever."""
    await run_jobs(runtime, JOBS)
