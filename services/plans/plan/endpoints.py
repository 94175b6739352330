"""Plans over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response, status

from services.plans.plan import rules, store, use_cases
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.schemas import LabelBody, PlanBody, PlanDiffOut, PlanOut, PlanVersionOut, RestoreBody
from services.plans.plan.use_cases import Save, Saved
from services.plans.venture.use_cases import Actor
from shared.contracts.identity import Role
from shared.kernel.errors import Invalid
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["plans"])

_PLAN = "/ventures/{venture_id}/plan"
_LARGEST_VERSION = 2**31 - 1
VersionNumber = Annotated[int, Path(ge=1, le=_LARGEST_VERSION)]


@router.get(_PLAN, operation_id="getPlan")
async def get_plan(venture_id: UUID, call: Call) -> PlanOut:
    """The venture's plan, in its current version, with sync's answer to it."""
    plan, current = await use_cases.current_plan(call.session, call.organization_id, venture_id)
    return await _shown(call, plan, current)


@router.put(
    _PLAN,
    needs=Role.MEMBER,
    operation_id="savePlan",
    responses={201: {"model": PlanOut, "description": "The venture's first plan"}},
)
async def save_plan(venture_id: UUID, body: PlanBody, call: Call, if_match: IfMatch, response: Response) -> PlanOut:
    """Save the whole plan. The first save makes the plan, each change a new version.

    A save that was edited from an older version is a conflict, answered with the difference field by
    field: what they changed since, what you changed, and which fields both did.
    """
    save = Save(body.content(), body.label, _one_version(if_match, body.version))
    saved = await use_cases.save_plan(call.session, venture_id, save, _actor(call))
    return await _answer(call, saved, response)


@router.get(_PLAN + "/versions", operation_id="listPlanVersions")
async def list_plan_versions(venture_id: UUID, call: Call, page: PageQuery) -> Page[PlanVersionOut]:
    """Every version of the plan, newest first."""
    plan, _ = await use_cases.current_plan(call.session, call.organization_id, venture_id)
    newest_first = [PlanVersion.version.desc()]
    return await paginate(call.session, store.all_versions(plan), page, by=newest_first, into=PlanVersionOut.of)


@router.get(_PLAN + "/versions/{version}", operation_id="getPlanVersion")
async def get_plan_version(venture_id: UUID, version: VersionNumber, call: Call) -> PlanOut:
    """One version of the plan, whole."""
    plan, _ = await use_cases.current_plan(call.session, call.organization_id, venture_id)
    return await _shown(call, plan, await use_cases.version_of(call.session, plan, version))


@router.patch(_PLAN + "/versions/{version}", needs=Role.MEMBER, operation_id="labelPlanVersion")
async def label_plan_version(venture_id: UUID, version: VersionNumber, body: LabelBody, call: Call) -> PlanOut:
    """Name a version, e.g. "Series A pitch". Its content never changes, and nothing is published."""
    plan, _ = await use_cases.current_plan(call.session, call.organization_id, venture_id)
    labelled = await use_cases.version_of(call.session, plan, version)
    labelled.label = body.label
    return await _shown(call, plan, labelled)


@router.post(_PLAN + "/versions/{version}/restore", needs=Role.MEMBER, operation_id="restorePlanVersion")
async def restore_plan_version(
    venture_id: UUID, version: VersionNumber, call: Call, if_match: IfMatch, body: RestoreBody | None = None
) -> PlanOut:
    """Make an older version's content the newest version."""
    wanted = body or RestoreBody()
    save = Save(label=wanted.label, base_version=_one_version(if_match, wanted.version))
    saved = await use_cases.restore_version(call.session, venture_id, version, save, _actor(call))
    return await _shown(call, saved.plan, saved.version)


@router.get(_PLAN + "/diff", operation_id="diffPlanVersions")
async def diff_plan_versions(
    venture_id: UUID,
    call: Call,
    from_version: Annotated[int, Query(alias="from", ge=1, le=_LARGEST_VERSION)],
    to_version: Annotated[int, Query(alias="to", ge=1, le=_LARGEST_VERSION)],
) -> PlanDiffOut:
    """What changed from one version to another, field by field, with old and new values."""
    plan, _ = await use_cases.current_plan(call.session, call.organization_id, venture_id)
    before = await use_cases.version_of(call.session, plan, from_version)
    after = await use_cases.version_of(call.session, plan, to_version)
    changes = rules.changes_between(before.content(), after.content())
    return PlanDiffOut(
        venture_id=venture_id,
        from_version=from_version,
        to_version=to_version,
        financial_change=rules.is_financial(changes),
        changes=list(changes),
    )


def _actor(call: Call) -> Actor:
    return Actor(call.organization_id, call.user_id, call.now)


def _one_version(if_match: int | None, in_body: int | None) -> int | None:
    if if_match is not None and in_body is not None and if_match != in_body:
        raise Invalid("If-Match and version name different versions; send one of them.")
    return in_body if if_match is None else if_match


async def _answer(call: Call, saved: Saved, response: Response) -> PlanOut:
    if saved.first:
        response.status_code = status.HTTP_201_CREATED
    return await _shown(call, saved.plan, saved.version)


async def _shown(call: Call, plan: Plan, version: PlanVersion) -> PlanOut:
    current = version.version == plan.version
    comparison = None
    if current:
        newest = await store.newest_comparisons(call.session, call.organization_id, [plan.venture_id])
        comparison = newest.get(plan.venture_id)
    return PlanOut.of(version, plan.venture_id, current=current, comparison=comparison)
