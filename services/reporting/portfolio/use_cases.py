"""Keeping the portfolio's read model, and answering the dashboard from it.

What an event carries is stored as it is; figures are made when they are read. So any order and any
repetition of events ends in the same rows, and there is nothing to recompute.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.portfolio import store
from services.reporting.portfolio.models import (
    AlertRow,
    ComparisonRow,
    MetricRow,
    PlanRow,
    ProjectionRow,
    VentureRow,
)
from services.reporting.portfolio.rules.dashboard import SHOWN, PortfolioFacts, dashboard
from services.reporting.portfolio.rules.figures import is_listed
from services.reporting.portfolio.schemas import OrganizationOut, PortfolioOut
from shared.contracts.finance import MetricKind, MetricObservation
from shared.contracts.plans import PlanState, VentureState
from shared.contracts.sync import AlertState, MetricComparison, ProjectionState
from shared.kernel.periods import local_date, month_start
from shared.platform.db.bulk import bulk_put
from shared.platform.tenancy.organizations import OrganizationView


async def keep_ventures(session: AsyncSession, events: Sequence[VentureState]) -> None:
    """Store the newest state of ventures."""
    rows = [
        {
            "organization_id": event.organization_id,
            "venture_id": event.venture_id,
            "version": event.version,
            "name": event.name,
            "description": event.description,
            "stage": event.stage.value,
            "market_type": event.market_type.value if event.market_type else None,
            "archived_at": event.archived_at,
        }
        for event in events
    ]
    await bulk_put(session, VentureRow, rows, key=("organization_id", "venture_id"))


async def keep_plans(session: AsyncSession, events: Sequence[PlanState]) -> None:
    """Store the newest version of plans."""
    rows = [
        {
            "organization_id": event.organization_id,
            "plan_id": event.plan_id,
            "venture_id": event.venture_id,
            "version": event.version,
            "saved_at": event.saved_at,
            "status": event.status.value,
            "pofw_score": event.pofw_score,
            "completeness_pct": event.completeness_pct,
            "strategy": event.strategy.model_dump(mode="json", exclude_none=True),
            "targets": event.targets.model_dump(mode="json", exclude_none=True),
        }
        for event in events
    ]
    await bulk_put(session, PlanRow, rows, key=("organization_id", "plan_id"))


async def keep_metrics(session: AsyncSession, events: Sequence[MetricObservation]) -> None:
    """Store the highest revision of observations."""
    rows = [
        {
            "organization_id": event.organization_id,
            "venture_id": event.venture_id,
            "metric": str(event.metric),
            "observed_on": event.observed_on,
            "precedence": event.source.precedence,
            "revision": event.revision,
            "source": event.source.value,
            "value": event.value,
            "unconverted": [[left.currency, f"{left.amount:f}"] for left in event.unconverted],
            "withdrawn": event.withdrawn,
        }
        for event in events
    ]
    key = ("organization_id", "venture_id", "metric", "observed_on", "precedence")
    await bulk_put(session, MetricRow, rows, key=key, newer_by="revision")


async def keep_comparisons(session: AsyncSession, events: Sequence[MetricComparison]) -> None:
    """Store the newest comparison of observations."""
    rows = [
        {
            "organization_id": event.organization_id,
            "venture_id": event.venture_id,
            "metric": str(event.metric),
            "observed_on": event.observed_on,
            "version": event.version,
            "actual": event.actual,
            "target": event.target,
            "final_target": event.final_target,
            "variance_pct": event.variance_pct,
            "progress_pct": event.progress_pct,
            "status": event.status.value,
            "plan_version": event.plan_version,
            "withdrawn": event.withdrawn,
        }
        for event in events
    ]
    key = ("organization_id", "venture_id", "metric", "observed_on")
    await bulk_put(session, ComparisonRow, rows, key=key)


async def keep_alerts(session: AsyncSession, events: Sequence[AlertState]) -> None:
    """Store the newest state of alerts."""
    rows = [
        {
            "organization_id": event.organization_id,
            "alert_id": event.alert_id,
            "venture_id": event.venture_id,
            "version": event.version,
            "type": event.type.value,
            "severity": event.severity.value,
            "status": event.status.value,
            "title": event.title,
            "message": event.message,
            "suggested_action": event.suggested_action,
            "related_plan_section": event.related_plan_section,
            "metric": event.metric.value if event.metric else None,
            "raised_at": event.raised_at,
            "changed_at": event.changed_at,
        }
        for event in events
    ]
    await bulk_put(session, AlertRow, rows, key=("organization_id", "alert_id"))


async def keep_projections(session: AsyncSession, events: Sequence[ProjectionState]) -> None:
    """Store the newest state of the plans' own projections; scenarios are questions, not promises."""
    rows = [
        {
            "organization_id": event.organization_id,
            "projection_id": event.projection_id,
            "venture_id": event.venture_id,
            "version": event.version,
            "status": event.status.value,
            "plan_version": event.plan_version,
            "months": [[month.month_end.isoformat(), f"{month.revenue:f}"] for month in event.months],
        }
        for event in events
        if event.scenario is None
    ]
    await bulk_put(session, ProjectionRow, rows, key=("organization_id", "projection_id"))


async def read_portfolio(session: AsyncSession, organization: OrganizationView, now: datetime) -> PortfolioOut:
    """The dashboard of an organization as of its current local day."""
    day = local_date(now, organization.time_zone)
    before = month_start(day) - timedelta(days=1)
    newest = await store.effective(session, organization.id, SHOWN, [day])
    previous = await store.effective(session, organization.id, [MetricKind.MRR], [before])
    compared = await store.comparisons(session, organization.id, [day])
    ventures = await store.ventures(session, organization.id)
    facts = PortfolioFacts(
        day=day,
        ventures=[venture for venture in ventures if is_listed(venture)],
        plans=await store.plans(session, organization.id),
        observations={(venture, metric): seen for (venture, metric, _), seen in newest.items()},
        previous_mrr={(venture, metric): seen for (venture, metric, _), seen in previous.items()},
        comparisons={venture: comparison for (venture, _), comparison in compared.items()},
        open_alerts=await store.open_alerts(session, organization.id),
    )
    whose = OrganizationOut(id=organization.id, name=organization.name, base_currency=organization.base_currency)
    return dashboard(whose, facts)
