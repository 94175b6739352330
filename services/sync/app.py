"""The composition root of sync."""

from services.sync.alert import endpoints as alert
from services.sync.alert_limit import endpoints as alert_limit
from services.sync.base import SyncTable
from services.sync.chart import endpoints as chart
from services.sync.jobs import JOBS, run
from services.sync.loop.use_cases import take_in_organizations
from services.sync.organization import endpoints as organization
from services.sync.projection import endpoints as projection
from services.sync.review import endpoints as review
from services.sync.scenario import endpoints as scenario
from services.sync.subscriptions import SUBSCRIPTIONS
from services.sync.variance import endpoints as variance
from shared.platform.jobs.endpoints import jobs_router
from shared.platform.jobs.runner import ROLE
from shared.platform.service import Service

SERVICE = Service(
    name="sync",
    title="Trueup sync: how actuals stand against plans",
    metadata=SyncTable.metadata,
    routers=(
        variance.router,
        projection.router,
        chart.router,
        scenario.router,
        alert.router,
        alert_limit.router,
        review.router,
        organization.router,
        jobs_router("sync", JOBS),
    ),
    subscriptions=SUBSCRIPTIONS,
    workers={ROLE: run},
    on_organizations=take_in_organizations,
)
