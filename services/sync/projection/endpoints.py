"""Projections over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.sync.loop.use_cases import regenerate_projection
from services.sync.projection import store
from services.sync.projection.models import Projection
from services.sync.projection.schemas import ProjectionOut, ProjectionPair, RegenerateBody
from services.sync.venture.models import VentureView
from shared.contracts.identity import Role
from shared.kernel.errors import NotFound
from shared.platform.db.waiting import known
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["projections"])

_PROJECTIONS = "/ventures/{venture_id}/projections"


@router.get(_PROJECTIONS, operation_id="listProjections")
async def list_projections(venture_id: UUID, call: Call, page: PageQuery) -> Page[ProjectionOut]:
    """The venture's projections, newest first: active and outdated ones."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    statement = store.listed_projections(call.organization_id, venture_id)
    by = [Projection.created_at.desc(), Projection.id.desc()]
    return await paginate(call.session, statement, page, by=by, into=ProjectionOut.of)


@router.post(_PROJECTIONS, needs=Role.MEMBER, status_code=201, operation_id="regenerateProjection")
async def regenerate_projection_(venture_id: UUID, call: Call, body: RegenerateBody | None = None) -> ProjectionOut:
    """Make a new projection from the last actual to the target's date; the earlier ones stay comparable."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    venture = (call.organization_id, venture_id)
    made = await regenerate_projection(call.session, venture, body.plan_version if body else None, call.user_id)
    return ProjectionOut.of(made)


@router.get(_PROJECTIONS + "/compare", operation_id="compareProjections")
async def compare_projections(
    venture_id: UUID,
    call: Call,
    a: Annotated[UUID, Query(description="One projection")],
    b: Annotated[UUID, Query(description="The other")],
) -> ProjectionPair:
    """Two projections of the venture side by side, month by month."""
    return ProjectionPair.of(await found_projection(call, venture_id, a), await found_projection(call, venture_id, b))


@router.get(_PROJECTIONS + "/{projection_id}", operation_id="getProjection")
async def get_projection(venture_id: UUID, projection_id: UUID, call: Call) -> ProjectionOut:
    """One projection with its months and assumptions."""
    return ProjectionOut.of(await found_projection(call, venture_id, projection_id))


async def found_projection(call: Call, venture_id: UUID, projection_id: UUID) -> Projection:
    """A projection of a venture, or ``NotFound``."""
    row = await store.projection_by_id(call.session, call.organization_id, venture_id, projection_id)
    if row is None:
        raise NotFound("This venture has no projection with this id.")
    return row
