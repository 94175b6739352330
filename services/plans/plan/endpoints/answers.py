"""What the endpoints of plans share: which version was seen, and the answer."""

from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Path

from services.plans.goal import store as goals
from services.plans.plan import store
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.schemas import Beside, InvestorVersionOut, PlanOut, ReviewOut
from services.plans.plan.use_cases.reading import current_plan
from services.plans.proposal import store as proposals
from services.plans.review import store as reviews
from services.plans.review.models import PlanFlagRow
from shared.kernel.errors import Invalid
from shared.platform.http.call import Call
from shared.platform.http.concurrency import Expected

PLAN = "/ventures/{venture_id}/plan"
LARGEST_VERSION = 2**31 - 1
VersionNumber = Annotated[int, Path(ge=1, le=LARGEST_VERSION)]


def one_version(if_match: int | None, in_body: int | None) -> int | None:
    """The version that a client says it has seen, by header or body."""
    if if_match is not None and in_body is not None and if_match != in_body:
        raise Invalid("If-Match and version name different versions; send one of them.")
    return in_body if if_match is None else if_match


class _SaysVersion(Protocol):
    version: int | None


def versions_seen(if_match: int | None, body: _SaysVersion | None) -> Expected:
    """The versions that a client says it has seen, by header and body."""
    return (if_match, body.version if body is not None else None)


async def shown(call: Call, plan: Plan, version: PlanVersion) -> PlanOut:
    """A version as it is answered; the current one with what stands beside it."""
    beside = await _beside(call, plan) if version.version == plan.version else None
    return PlanOut.of(version, plan.venture_id, beside)


async def _beside(call: Call, plan: Plan) -> Beside:
    place = (call.organization_id, plan.venture_id)
    comparisons = await store.newest_comparisons(call.session, call.organization_id, [plan.venture_id])
    tagged = await store.newest_investor_ready(call.session, plan)
    return Beside(
        comparison=comparisons.get(plan.venture_id),
        review=_review(await reviews.flag_of(call.session, plan)),
        investor_version=None if tagged is None else _investor_version(tagged),
        proposals_waiting=await proposals.waiting(call.session, *place),
        goals=await goals.ids_by_section(call.session, *place),
    )


def _review(flag: PlanFlagRow | None) -> ReviewOut:
    if flag is None:
        return ReviewOut(needs_review=False)
    return ReviewOut(
        needs_review=flag.raised,
        reason=flag.reason,
        month=flag.month if flag.raised else None,
        since=flag.changed_at if flag.raised else None,
        reviewed_at=flag.reviewed_at,
        reviewed_by=flag.reviewed_by,
    )


def _investor_version(row: PlanVersion) -> InvestorVersionOut:
    assert row.investor_ready_at is not None
    assert row.investor_ready_by is not None
    return InvestorVersionOut(
        version=row.version, label=row.label, tagged_at=row.investor_ready_at, tagged_by=row.investor_ready_by
    )


async def venture_plan(call: Call, venture_id: UUID) -> tuple[Plan, PlanVersion]:
    """The venture's plan and its current version."""
    return await current_plan(call.session, call.organization_id, venture_id)
