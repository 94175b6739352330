"""The composition root of plans."""

from services.plans.activity import endpoints as activity
from services.plans.base import PlansTable
from services.plans.goal import endpoints as goal
from services.plans.milestone import endpoints as milestone
from services.plans.plan.endpoints import ROUTERS as PLAN_ROUTERS
from services.plans.proposal import endpoints as proposal
from services.plans.subscriptions import SUBSCRIPTIONS
from services.plans.venture import endpoints as venture
from shared.platform.service import Service

SERVICE = Service(
    name="plans",
    title="Trueup plans: ventures and their business plans",
    metadata=PlansTable.metadata,
    routers=(
        venture.router,
        *PLAN_ROUTERS,
        proposal.router,
        goal.router,
        milestone.router,
        activity.router,
    ),
    subscriptions=SUBSCRIPTIONS,
)
