"""The versions of a plan: list, read, name, restore, compare."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.plans.plan import rules, store
from services.plans.plan.endpoints.answers import (
    LARGEST_VERSION,
    PLAN,
    VersionNumber,
    one_version,
    shown,
    venture_plan,
)
from services.plans.plan.models import PlanVersion
from services.plans.plan.schemas import LabelBody, PlanDiffOut, PlanOut, PlanVersionOut, RestoreBody
from services.plans.plan.use_cases.reading import version_of
from services.plans.plan.use_cases.saving import Save, restore_version
from services.plans.plan.use_cases.standing import label_version
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["plans"])


@router.get(PLAN + "/versions", operation_id="listPlanVersions")
async def list_plan_versions(venture_id: UUID, call: Call, page: PageQuery) -> Page[PlanVersionOut]:
    """Every version of the plan, newest first."""
    plan, _ = await venture_plan(call, venture_id)
    newest_first = [PlanVersion.version.desc()]
    return await paginate(call.session, store.all_versions(plan), page, by=newest_first, into=PlanVersionOut.of)


@router.get(PLAN + "/versions/{version}", operation_id="getPlanVersion")
async def get_plan_version(venture_id: UUID, version: VersionNumber, call: Call) -> PlanOut:
    """One version of the plan, whole."""
    plan, _ = await venture_plan(call, venture_id)
    return await shown(call, plan, await version_of(call.session, plan, version))


@router.patch(PLAN + "/versions/{version}", needs=Role.MEMBER, operation_id="labelPlanVersion")
async def label_plan_version(venture_id: UUID, version: VersionNumber, body: LabelBody, call: Call) -> PlanOut:
    """Name a version, e.g. "Series A pitch". Its content never changes, and nothing is published."""
    plan, labelled = await label_version(call.session, venture_id, version, body.label, call.actor)
    return await shown(call, plan, labelled)


@router.post(PLAN + "/versions/{version}/restore", needs=Role.MEMBER, operation_id="restorePlanVersion")
async def restore_plan_version(
    venture_id: UUID, version: VersionNumber, call: Call, if_match: IfMatch, body: RestoreBody | None = None
) -> PlanOut:
    """Make an older version's content the newest version."""
    wanted = body or RestoreBody()
    save = Save(label=wanted.label, base_version=one_version(if_match, wanted.version))
    saved = await restore_version(call.session, venture_id, version, save, call.actor)
    return await shown(call, saved.plan, saved.version)


@router.get(PLAN + "/diff", operation_id="diffPlanVersions")
async def diff_plan_versions(
    venture_id: UUID,
    call: Call,
    from_version: Annotated[int, Query(alias="from", ge=1, le=LARGEST_VERSION)],
    to_version: Annotated[int, Query(alias="to", ge=1, le=LARGEST_VERSION)],
) -> PlanDiffOut:
    """What changed from one version to another, field by field, with old and new values."""
    plan, _ = await venture_plan(call, venture_id)
    before = await version_of(call.session, plan, from_version)
    after = await version_of(call.session, plan, to_version)
    changes = rules.changes_between(before.content(), after.content())
    return PlanDiffOut(
        venture_id=venture_id,
        from_version=from_version,
        to_version=to_version,
        financial_change=rules.is_financial(changes),
        changes=list(changes),
    )
