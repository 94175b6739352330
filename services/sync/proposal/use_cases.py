"""Proposing other targets after a month's review, and withdrawing what no longer stands."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules.trend import TREND_MONTHS
from services.sync.comparison.store import Ground, stand_unlocked
from services.sync.hot import read
from services.sync.observation.history import monthly_values
from services.sync.observation.rules import Series
from services.sync.plan_version.rules import promise_of
from services.sync.proposal.models import TargetProposal
from services.sync.proposal.rules import Course, Proposed, last_months, left_the_path, propose
from services.sync.proposal.store import Variances, stored_proposals, variances_of_mrr, write_proposals
from services.sync.venture.store import VentureKey
from shared.contracts.finance import MetricKind
from shared.contracts.sync import ProposalStatus, ProposedTargets, TargetsProposed
from shared.kernel.ids import new_id
from shared.platform.bus.outbox import emit_all


async def propose_targets(session: AsyncSession, ventures: Collection[VentureKey], last: date, at: datetime) -> int:
    """Propose targets to ventures that left their path by the end of a month; gives how many proposals changed.

    A proposal of an earlier month, or one for which there is no reason any more, is withdrawn. The caller sees to it
    that nobody else does the same for the same ventures, and that it is the newest ended month.
    """
    (variances,) = await read(session, variances_of_mrr(ventures, last_months(last)))
    found = await _found(session, variances, last)
    month = f"{last:%Y-%m}"
    stored = await stored_proposals(session, ventures, month)
    rows: list[dict[str, Any]] = []
    for venture in ventures:
        of_month = next((row for row in stored[venture] if row.month == month), None)
        rows += [_withdrawn(row, at) for row in stored[venture] if row.month != month]
        proposed = found.get(venture)
        if proposed is None and of_month is not None and of_month.status == ProposalStatus.OPEN.value:
            rows.append(_withdrawn(of_month, at))
        if proposed is not None and (of_month is None or _differs(of_month, proposed)):
            rows.append(_row(venture, month, proposed, of_month, at))
    await write_proposals(session, rows)
    await emit_all(session, [_event(row) for row in rows])
    return len(rows)


async def _found(session: AsyncSession, variances: Variances, last: date) -> dict[VentureKey, Proposed]:
    off = [venture for venture, months in variances.items() if left_the_path(months, last)]
    if not off:
        return {}
    ground = await stand_unlocked(session, off)
    series = {Series(*venture, MetricKind.MRR): last for venture in ground.ventures}
    (values,) = await read(session, monthly_values(series, TREND_MONTHS))
    found = {}
    for venture in ground.ventures:
        course = _course(ground, venture, values[Series(*venture, MetricKind.MRR)])
        below = (variances[venture][last] or 0) < 0
        proposed = propose(course, last, below=below) if course else None
        if proposed is not None:
            found[venture] = proposed
    return found


def _course(ground: Ground, venture: VentureKey, values: list[Any]) -> Course | None:
    versions = ground.versions.get(venture, [])
    newest = max(versions, key=lambda version: version.version, default=None)
    if newest is None or not values:
        return None
    promise = promise_of(MetricKind.MRR, newest.version, versions)
    return Course(values, promise, newest, ground.currency(venture[0]))


def _content(targets: ProposedTargets) -> dict[str, Any]:
    return targets.model_dump(mode="json", exclude_none=True)


def _differs(row: TargetProposal, proposed: Proposed) -> bool:
    known = (row.status, row.plan_id, row.plan_version, row.targets, row.reason)
    promise = proposed.promise
    open_one = ProposalStatus.OPEN.value
    return known != (open_one, promise.plan_id, promise.plan_version, _content(proposed.targets), proposed.reason)


def _row(
    venture: VentureKey, month: str, proposed: Proposed, known: TargetProposal | None, at: datetime
) -> dict[str, Any]:
    return {
        "organization_id": venture[0],
        "venture_id": venture[1],
        "month": month,
        "proposal_id": known.proposal_id if known else new_id(),
        "version": known.version + 1 if known else 1,
        "plan_id": proposed.promise.plan_id,
        "plan_version": proposed.promise.plan_version,
        "status": ProposalStatus.OPEN.value,
        "targets": _content(proposed.targets),
        "reason": proposed.reason,
        "months": list(proposed.months),
        "proposed_at": known.proposed_at if known else at,
        "changed_at": at,
    }


def _withdrawn(row: TargetProposal, at: datetime) -> dict[str, Any]:
    columns = {column.name: getattr(row, column.name) for column in TargetProposal.__table__.columns}
    return columns | {"version": row.version + 1, "status": ProposalStatus.WITHDRAWN.value, "changed_at": at}


def _event(row: dict[str, Any]) -> TargetsProposed:
    organization_id: UUID = row["organization_id"]
    return TargetsProposed(
        organization_id=organization_id,
        proposal_id=row["proposal_id"],
        venture_id=row["venture_id"],
        version=row["version"],
        plan_id=row["plan_id"],
        plan_version=row["plan_version"],
        status=ProposalStatus(row["status"]),
        targets=ProposedTargets.model_validate(row["targets"]),
        reason=row["reason"],
        months=tuple(row["months"]),
        proposed_at=row["proposed_at"],
        changed_at=row["changed_at"],
    )
