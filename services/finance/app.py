"""The composition root of finance."""

from services.finance.account import endpoints as account
from services.finance.base import FinanceTable
from services.finance.jobs import JOBS, run
from services.finance.metric import endpoints as metric
from services.finance.metric.due import ROLE, run_due_days
from services.finance.payment import endpoints as payment
from services.finance.subscription import endpoints as subscription
from services.finance.subscriptions import SUBSCRIPTIONS, on_organizations
from shared.platform.jobs import runner as jobs
from shared.platform.jobs.endpoints import jobs_router
from shared.platform.service import Service

SERVICE = Service(
    name="finance",
    title="Trueup finance: accounts, money facts, recurring revenue and metrics",
    metadata=FinanceTable.metadata,
    routers=(account.router, payment.router, subscription.router, metric.router, jobs_router("finance", JOBS)),
    subscriptions=SUBSCRIPTIONS,
    workers={ROLE: run_due_days, jobs.ROLE: run},
    on_organizations=on_organizations,
)
