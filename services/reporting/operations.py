"""What the operator's command may ask of reporting."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.portfolio import use_cases as portfolio
from services.reporting.portfolio.models import VentureRow
from services.reporting.portfolio.schemas import PortfolioOut, VentureOut
from shared.kernel.clock import now
from shared.platform.tenancy.organizations import OrganizationView, organizations_by_id

Figures = dict[str, str | None]

_OF_VENTURE = (
    "stage",
    "plan",
    "pofw_score",
    "completeness_pct",
    "plan_version",
    "target_mrr",
    "final_target_mrr",
    "target_date",
    "actual_mrr",
    "variance_pct",
    "progress_pct",
    "status",
    "runway_months",
    "burn_rate",
    "customers",
    "last_observed_on",
)


async def figures(session: AsyncSession) -> list[Figures]:
    """The dashboard's figures of every organization and venture, by name; no ids, no times of processing."""
    ids = list(await session.scalars(select(VentureRow.organization_id).distinct()))
    organizations = await organizations_by_id(session, ids)
    shown: list[Figures] = []
    for organization in sorted(organizations.values(), key=lambda one: one.slug):
        answer = await portfolio.read_portfolio(session, organization, now())
        shown.append(_portfolio(organization, answer))
        shown += [_venture(organization, venture) for venture in answer.ventures]
    return shown


async def recompute(session: AsyncSession, organization_id: UUID) -> int:
    """Nothing to derive again: reporting keeps what others publish, and makes its figures when they are read."""
    del session, organization_id
    return 0


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if isinstance(value, dict | list) else str(value)


def _portfolio(organization: OrganizationView, answer: PortfolioOut) -> Figures:
    members = answer.totals.model_dump(mode="json") | answer.plans.model_dump(mode="json")
    named = {name: _text(value) for name, value in members.items()}
    return {"figure": "reporting.portfolio", "organization": organization.slug, **named}


def _venture(organization: OrganizationView, venture: VentureOut) -> Figures:
    members = venture.model_dump(mode="json")
    alerts = sorted(f"{alert.type} {alert.severity}" for alert in venture.alerts)
    return {
        "figure": "reporting.venture",
        "organization": organization.slug,
        "venture": venture.name,
        **{name: _text(members[name]) for name in _OF_VENTURE},
        "open_alerts": ", ".join(alerts),
    }
