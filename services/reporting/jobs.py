"""The jobs of reporting, each in every organization's own time."""

from datetime import time

from services.reporting.letter.use_cases import mail_report
from shared.platform.jobs.job import Job
from shared.platform.jobs.runner import run_jobs
from shared.platform.jobs.schedule import Monthly
from shared.platform.service import Runtime

REPORT_MAIL = Job(
    "report_mail",
    "Make the report of the month before and mail it to the owners and admins, each once",
    Monthly(5, time(8, 0)),
    mail_report,
)
JOBS = (REPORT_MAIL,)


async def run(runtime: Runtime) -> None:
    """Carry out what is due, for ever."""
    await run_jobs(runtime, JOBS)
