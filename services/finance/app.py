"""The composition root of finance."""

from services.finance.base import FinanceTable
from services.finance.metric.due import ROLE, run_due_days
from services.finance.subscriptions import SUBSCRIPTIONS, on_organizations
from shared.platform.service import Service

SERVICE = Service(
    name="finance",
    title="Trueup finance: accounts, money facts, recurring revenue and metrics",
    metadata=FinanceTable.metadata,
    routers=(),
    subscriptions=SUBSCRIPTIONS,
    workers={ROLE: run_due_days},
    on_organizations=on_organizations,
)
