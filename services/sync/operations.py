"""What the operator's command may ask of sync."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.models import Alert
from services.sync.loop.use_cases import derive_all
from services.sync.projection.models import Projection
from services.sync.variance.models import Variance
from services.sync.venture.models import VentureView
from shared.contracts.sync import AlertStatus
from shared.kernel.money import quantize
from shared.platform.tenancy.organizations import OrganizationView, organizations_by_id

FIGURE_PLACES = 6
Figures = list[dict[str, str | None]]
Names = dict[tuple[UUID, UUID], str]


async def figures(session: AsyncSession) -> Figures:
    """Every derived figure of sync by organization, venture, kind and day; of alerts the open ones."""
    variances = list(await session.scalars(select(Variance).where(~Variance.withdrawn)))
    alerts = list(await session.scalars(select(Alert).where(Alert.status == AlertStatus.OPEN.value)))
    projections = list(await session.scalars(select(Projection)))
    rows: list[Variance | Alert | Projection] = [*variances, *alerts, *projections]
    organizations = await organizations_by_id(session, {row.organization_id for row in rows})
    names = await _venture_names(session)
    shown = [{**_place(row, organizations, names), **_variance(row)} for row in variances]
    shown += [{**_place(row, organizations, names), **_alert(row)} for row in alerts]
    shown += [{**_place(row, organizations, names), **_projection(row)} for row in projections]
    return sorted(shown, key=lambda figure: orjson.dumps(figure, option=orjson.OPT_SORT_KEYS))


async def _venture_names(session: AsyncSession) -> Names:
    rows = await session.execute(
        select(VentureView.organization_id, VentureView.id, VentureView.name, VentureView.archived_at)
    )
    return {
        (row.organization_id, row.id): row.name if row.archived_at is None else f"{row.name} (archived)" for row in rows
    }


def _place(
    row: Variance | Alert | Projection, organizations: dict[UUID, OrganizationView], names: Names
) -> dict[str, str | None]:
    organization = organizations.get(row.organization_id)
    return {
        "organization": organization.slug if organization else None,
        "venture": names.get((row.organization_id, row.venture_id)),
    }


def _variance(row: Variance) -> dict[str, str | None]:
    return {
        "figure": "sync.variance",
        **_texts(row, ("metric", "observed_on", "source", "actual", "target", "final_target", "variance_pct")),
        **_texts(row, ("progress_pct", "status", "plan_version", "path", "current", "plan_sync_status")),
    }


def _alert(row: Alert) -> dict[str, str | None]:
    return {
        "figure": "sync.alert",
        **_texts(row, ("type", "severity", "status", "message", "metric", "observed_on", "variance_pct")),
        **_texts(row, ("plan_version",)),
    }


def _projection(row: Projection) -> dict[str, str | None]:
    months = [
        f"{month['month_end']} revenue {month['revenue']} costs {month['costs']} cash {month['cash'] or '-'}"
        for month in row.months
    ]
    return {
        "figure": "sync.projection",
        **_texts(row, ("name", "origin", "status", "note", "plan_version", "start_on", "start_revenue", "start_cash")),
        **_texts(row, ("required_growth_rate", "break_even_month", "cash_out_month")),
        "months": "; ".join(months),
    }


def _texts(row: Variance | Alert | Projection, names: Iterable[str]) -> dict[str, str | None]:
    return {name: _text(getattr(row, name)) for name in names}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return f"{quantize(value, FIGURE_PLACES):f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


async def recompute(session: AsyncSession, organization_id: UUID) -> int:
    """Derive comparisons, projections and alerts of an organization again from the stored facts.

    Returns how many rows moved; 0 when every one of them was right.
    """
    return await derive_all(session, [organization_id])
