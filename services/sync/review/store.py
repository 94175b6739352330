"""SQL of monthly reviews."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.hot import Reading, Rows
from services.sync.review.models import MonthlyReview
from services.sync.review.rules import LastComparison
from services.sync.venture.store import VentureKey, venture_columns
from shared.contracts.sync import PerformanceStatus
from shared.platform.db.bulk import bulk_upsert, in_values


def last_comparisons(
    ventures: Collection[VentureKey], first: date, last: date
) -> Reading[dict[VentureKey, list[LastComparison]]]:
    """The last comparison of each metric within some days, by venture; what was ever observed has a current one."""

    def load(rows: Rows) -> dict[VentureKey, list[LastComparison]]:
        found: dict[VentureKey, list[LastComparison]] = {venture: [] for venture in ventures}
        for organization, venture, metric, actual, target, variance, status, plan_id, plan_version in rows:
            found[organization, venture].append(
                LastComparison(metric, actual, target, variance, PerformanceStatus(status), plan_id, plan_version)
            )
        return found

    return Reading(
        """
        SELECT newest.*
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        JOIN variances c ON c.organization_id = asked.organization_id AND c.venture_id = asked.venture_id AND c.current
        CROSS JOIN LATERAL (
            SELECT v.organization_id, v.venture_id, v.metric, v.actual, v.target, v.variance_pct, v.status, v.plan_id,
                   v.plan_version
            FROM variances v
            WHERE v.organization_id = asked.organization_id AND v.venture_id = asked.venture_id
              AND v.metric = c.metric AND v.observed_on BETWEEN %s AND %s AND NOT v.withdrawn
            ORDER BY v.observed_on DESC
            LIMIT 1
        ) newest
        """,
        (*venture_columns(ventures), first, last),
        load,
    )


async def stored_reviews(
    session: AsyncSession, ventures: Collection[VentureKey], month: str
) -> dict[VentureKey, MonthlyReview]:
    """The reviews of a month that were made already."""
    key = (MonthlyReview.organization_id, MonthlyReview.venture_id)
    statement = select(MonthlyReview).where(in_values(key, list(ventures)), MonthlyReview.month == month)
    return {(row.organization_id, row.venture_id): row for row in await session.scalars(statement)}


async def write_reviews(session: AsyncSession, rows: Collection[Mapping[str, Any]]) -> None:
    """Write reviews whose revision rose."""
    await bulk_upsert(
        session, MonthlyReview, list(rows), key=("organization_id", "venture_id", "month"), newer_by="revision"
    )


def listed_reviews(organization_id: UUID, *, month: str | None, venture_id: UUID | None) -> Select[MonthlyReview]:
    """The reviews of an organization, filtered."""
    wanted = {"month": month, "venture_id": venture_id}
    given = {name: value for name, value in wanted.items() if value is not None}
    return select(MonthlyReview).filter_by(organization_id=organization_id, **given)
