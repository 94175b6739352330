"""The composition root of reporting."""

from services.reporting.base import ReportingTable
from services.reporting.jobs import JOBS, run
from services.reporting.letter.sending import run_mailer
from services.reporting.letter.use_cases import MAILER
from services.reporting.portfolio import endpoints as portfolio
from services.reporting.reader import endpoints as reader
from services.reporting.report import endpoints as report
from services.reporting.subscriptions import SUBSCRIPTIONS
from shared.platform.jobs import runner as jobs
from shared.platform.jobs.endpoints import jobs_router
from shared.platform.service import Service

SERVICE = Service(
    name="reporting",
    title="Trueup reporting: the portfolio's dashboard and investor reports",
    metadata=ReportingTable.metadata,
    routers=(portfolio.router, report.router, reader.router, jobs_router("reporting", JOBS)),
    subscriptions=SUBSCRIPTIONS,
    workers={jobs.ROLE: run, MAILER: run_mailer},
)
