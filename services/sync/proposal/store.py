"""SQL of proposals."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.hot import Reading, Rows
from services.sync.proposal.models import TargetProposal
from services.sync.venture.store import VentureKey, venture_columns
from shared.contracts.sync import ProposalStatus
from shared.platform.db.bulk import bulk_put, in_values

Variances = dict[VentureKey, dict[date, Decimal | None]]
"""By venture: the variance of MRR's last comparison of each month, by the month's end."""


def variances_of_mrr(ventures: Collection[VentureKey], ends: Sequence[date]) -> Reading[Variances]:
    """The last comparison of MRR within each of some months."""

    def load(rows: Rows) -> Variances:
        found: Variances = {venture: {} for venture in ventures}
        for organization, venture, end, variance in rows:
            found[organization, venture][end] = variance
        return found

    return Reading(
        """
        SELECT asked.organization_id, asked.venture_id, months.ends, newest.variance_pct
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        CROSS JOIN unnest(%s::date[]) AS months (ends)
        CROSS JOIN LATERAL (
            SELECT v.variance_pct FROM variances v
            WHERE v.organization_id = asked.organization_id AND v.venture_id = asked.venture_id AND v.metric = 'mrr'
              AND v.observed_on BETWEEN date_trunc('month', months.ends::timestamp)::date AND months.ends
              AND NOT v.withdrawn
            ORDER BY v.observed_on DESC
            LIMIT 1
        ) newest
        """,
        (*venture_columns(ventures), list(ends)),
        load,
    )


async def stored_proposals(
    session: AsyncSession, ventures: Collection[VentureKey], month: str
) -> dict[VentureKey, list[TargetProposal]]:
    """The proposals of ventures that are open or of a month."""
    statement = select(TargetProposal).where(
        in_values((TargetProposal.organization_id, TargetProposal.venture_id), list(ventures)),
        or_(TargetProposal.status == ProposalStatus.OPEN.value, TargetProposal.month == month),
    )
    found: dict[VentureKey, list[TargetProposal]] = {venture: [] for venture in ventures}
    for row in await session.scalars(statement):
        found[row.organization_id, row.venture_id].append(row)
    return found


async def write_proposals(session: AsyncSession, rows: Collection[Mapping[str, Any]]) -> None:
    """Write proposals whose version rose."""
    await bulk_put(session, TargetProposal, list(rows), key=("organization_id", "venture_id", "month"))
