"""The plan itself: read it, save it."""

from uuid import UUID

from fastapi import Response, status

from services.plans.plan.endpoints.answers import PLAN, one_version, shown, venture_plan
from services.plans.plan.schemas import PlanBody, PlanOut
from services.plans.plan.use_cases.saving import Save, save_plan
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["plans"])


@router.get(PLAN, operation_id="getPlan")
async def get_plan(venture_id: UUID, call: Call) -> PlanOut:
    """The venture's plan, in its current version, with sync's answer to it."""
    return await shown(call, *await venture_plan(call, venture_id))


@router.put(
    PLAN,
    needs=Role.MEMBER,
    operation_id="savePlan",
    responses={201: {"model": PlanOut, "description": "The venture's first plan"}},
)
async def put_plan(venture_id: UUID, body: PlanBody, call: Call, if_match: IfMatch, response: Response) -> PlanOut:
    """Save the whole plan. The first save makes the plan, each change a new version.

    A save that was edited from an older version is a conflict. The answer says, field by field, what they
    changed since, what you changed, which fields both did (`conflicts`, with base, theirs and yours), which
    of yours can be merged, and the plan with both people's changes (`merged`, conflicts as they have them):
    settle the conflicts in it and save it with `version` = `current_version`. With `on_conflict` = "merge"
    a save without conflicts is merged right away.
    """
    save = Save(body.content(), body.label, one_version(if_match, body.version), merge=body.on_conflict == "merge")
    saved = await save_plan(call.session, venture_id, save, call.actor)
    if saved.first:
        response.status_code = status.HTTP_201_CREATED
    return await shown(call, saved.plan, saved.version)
