"""The composition root of reporting."""

from services.reporting.base import ReportingTable
from services.reporting.portfolio import endpoints as portfolio
from services.reporting.report import endpoints as report
from services.reporting.subscriptions import SUBSCRIPTIONS
from shared.platform.service import Service

SERVICE = Service(
    name="reporting",
    title="Trueup reporting: the portfolio's dashboard and investor reports",
    metadata=ReportingTable.metadata,
    routers=(portfolio.router, report.router),
    subscriptions=SUBSCRIPTIONS,
)
