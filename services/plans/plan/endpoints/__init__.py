"""Plans over HTTP."""

from services.plans.plan.endpoints import documents, plan, standing, versions

ROUTERS = (plan.router, versions.router, standing.router, documents.router)
