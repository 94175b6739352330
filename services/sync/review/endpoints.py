"""Monthly reviews over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.sync.review.models import MonthlyReview
from services.sync.review.schemas import ReviewOut
from services.sync.review.store import listed_reviews
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["reviews"])


@router.get("/reviews", operation_id="listReviews")
async def list_reviews(
    call: Call,
    page: PageQuery,
    *,
    month: Annotated[str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Only this month's")] = None,
    venture_id: Annotated[UUID | None, Query(alias="venture", description="Only this venture's")] = None,
) -> Page[ReviewOut]:
    """The monthly reviews of the organization's ventures, newest month first."""
    statement = listed_reviews(call.organization_id, month=month, venture_id=venture_id)
    by = [MonthlyReview.month.desc(), MonthlyReview.venture_id]
    return await paginate(call.session, statement, page, by=by, into=ReviewOut.of)
