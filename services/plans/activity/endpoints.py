"""The activity feed over HTTP."""

from uuid import UUID

from sqlalchemy import select

from services.plans.activity.models import Activity
from services.plans.activity.schemas import ActivityOut
from services.plans.venture import store as ventures
from services.plans.venture.use_cases import missing_venture
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["ventures"])


@router.get("/ventures/{venture_id}/activity", operation_id="listVentureActivity")
async def list_activity(venture_id: UUID, call: Call, page: PageQuery) -> Page[ActivityOut]:
    """What happened in the venture and by whom, newest first: saves, statuses, reviews, goals, milestones."""
    if await ventures.find(call.session, call.organization_id, venture_id) is None:
        raise missing_venture()
    here = (Activity.organization_id == call.organization_id, Activity.venture_id == venture_id)
    return await paginate(
        call.session, select(Activity).where(*here), page, by=[Activity.id.desc()], into=ActivityOut.of
    )
