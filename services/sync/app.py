"""The composition root of sync."""

from services.sync.alert import endpoints as alert
from services.sync.alert_limit import endpoints as alert_limit
from services.sync.base import SyncTable
from services.sync.chart import endpoints as chart
from services.sync.delivery import endpoints as delivery
from services.sync.delivery.sending import run_webhooks
from services.sync.delivery.settings import allowed_networks
from services.sync.delivery.use_cases import WEBHOOKS
from services.sync.errand.store import errands_due
from services.sync.jobs import JOBS, run
from services.sync.letter.sending import run_mailer
from services.sync.letter.use_cases import MAILER
from services.sync.loop.use_cases import take_in_organizations
from services.sync.notice.spreading import run_notifier
from services.sync.notice.use_cases import NOTIFIER
from services.sync.notification import endpoints as notification
from services.sync.organization import endpoints as organization
from services.sync.portfolio.balancing import run_balancer
from services.sync.portfolio.use_cases import BALANCER
from services.sync.preference import endpoints as preference
from services.sync.projection import endpoints as projection
from services.sync.review import endpoints as review
from services.sync.scenario import endpoints as scenario
from services.sync.subscriptions import SUBSCRIPTIONS
from services.sync.upkeep.pruning import kept_days
from services.sync.variance import endpoints as variance
from services.sync.webhook import endpoints as webhook
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
        notification.router,
        preference.router,
        webhook.router,
        delivery.router,
        jobs_router("sync", JOBS),
    ),
    subscriptions=SUBSCRIPTIONS,
    workers={ROLE: run, NOTIFIER: run_notifier, MAILER: run_mailer, WEBHOOKS: run_webhooks, BALANCER: run_balancer},
    settings=(kept_days, allowed_networks),
    on_organizations=take_in_organizations,
    backlog=errands_due,
)
