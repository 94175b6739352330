"""Ventures over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.plans.plan import store as plans
from services.plans.venture import store, use_cases
from services.plans.venture.models import Venture
from services.plans.venture.schemas import ArchiveVenture, NewVenture, VentureChange, VentureOut
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["ventures"])


@router.post("/ventures", needs=Role.MEMBER, status_code=201, operation_id="createVenture")
async def create_venture(body: NewVenture, call: Call) -> VentureOut:
    """Create a venture. Its name is unique in the organization; archived ones do not count."""
    organization = await call.organization()
    venture = await use_cases.create_venture(call.session, body, organization.base_currency, call.actor)
    return VentureOut.of(venture)


@router.get("/ventures", operation_id="listVentures")
async def list_ventures(
    call: Call, page: PageQuery, archived: Annotated[bool, Query(description="Show archived ones too")] = False
) -> Page[VentureOut]:
    """The organization's ventures, oldest first, each with its plan in short."""
    statement = store.listed(call.organization_id, archived=archived)
    found = await paginate(call.session, statement, page, by=[Venture.created_at, Venture.id], into=_itself)
    return Page(items=await _shown(call, found.items), next_cursor=found.next_cursor)


@router.get("/ventures/{venture_id}", operation_id="getVenture")
async def get_venture(venture_id: UUID, call: Call) -> VentureOut:
    """One venture with its plan in short: targets, POFW score, and how it stands by the last comparison."""
    venture = await store.find(call.session, call.organization_id, venture_id)
    if venture is None:
        raise use_cases.missing_venture()
    return (await _shown(call, [venture]))[0]


@router.patch("/ventures/{venture_id}", needs=Role.MEMBER, operation_id="updateVenture")
async def update_venture(venture_id: UUID, body: VentureChange, call: Call, if_match: IfMatch) -> VentureOut:
    """Change a venture; members that are left out stay as they are."""
    seen = (if_match, body.version)
    venture = await use_cases.change_venture(call.session, venture_id, body.wanted(), seen, call.actor)
    return (await _shown(call, [venture]))[0]


@router.post("/ventures/{venture_id}/archive", needs=Role.ADMIN, operation_id="archiveVenture")
async def archive_venture(
    venture_id: UUID, call: Call, if_match: IfMatch, body: ArchiveVenture | None = None
) -> VentureOut:
    """Hide a venture from lists. Nothing is lost; it can be taken back."""
    seen = (if_match, body.version if body else None)
    venture = await use_cases.set_archived(call.session, venture_id, archived=True, versions=seen, actor=call.actor)
    return (await _shown(call, [venture]))[0]


@router.post("/ventures/{venture_id}/unarchive", needs=Role.ADMIN, operation_id="unarchiveVenture")
async def unarchive_venture(
    venture_id: UUID, call: Call, if_match: IfMatch, body: ArchiveVenture | None = None
) -> VentureOut:
    """Take an archived venture back, if its name is still free."""
    seen = (if_match, body.version if body else None)
    venture = await use_cases.set_archived(call.session, venture_id, archived=False, versions=seen, actor=call.actor)
    return (await _shown(call, [venture]))[0]


def _itself(venture: Venture) -> Venture:
    return venture


async def _shown(call: Call, ventures: Sequence[Venture]) -> list[VentureOut]:
    ids = [venture.id for venture in ventures]
    versions = await plans.of_ventures(call.session, call.organization_id, ids)
    comparisons = await plans.newest_comparisons(call.session, call.organization_id, ids)
    return [VentureOut.of(venture, versions.get(venture.id), comparisons.get(venture.id)) for venture in ventures]
