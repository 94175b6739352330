"""The composition root of plans."""

from services.plans.base import PlansTable
from services.plans.plan import endpoints as plan
from services.plans.subscriptions import SUBSCRIPTIONS
from services.plans.venture import endpoints as venture
from shared.platform.service import Service

SERVICE = Service(
    name="plans",
    title="Trueup plans: ventures and their business plans",
    metadata=PlansTable.metadata,
    routers=(venture.router, plan.router),
    subscriptions=SUBSCRIPTIONS,
)
