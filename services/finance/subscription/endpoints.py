"""Subscriptions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.finance.subscription import store
from services.finance.subscription.models import Subscription
from services.finance.subscription.rules import SubscriptionState
from services.finance.subscription.schemas import SubscriptionOut, shown
from shared.kernel.clock import today
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["subscriptions"])


@router.get("/finance/subscriptions", operation_id="listSubscriptions")
async def list_subscriptions(
    call: Call,
    page: PageQuery,
    *,
    venture_id: Annotated[UUID | None, Query(description="Subscriptions of one venture")] = None,
    account_id: Annotated[UUID | None, Query(description="Subscriptions of one account")] = None,
    customer_id: Annotated[str | None, Query(max_length=200, description="The provider's customer")] = None,
    status: Annotated[str | None, Query(max_length=50, description="The provider's status, e.g. past_due")] = None,
    state: Annotated[SubscriptionState | None, Query(description="What it counts as today")] = None,
    shared: Annotated[bool | None, Query(description="Ones without a venture, or only ones with")] = None,
) -> Page[SubscriptionOut]:
    """Every subscription with its MRR as of today."""
    organization = await call.organization()
    statement = store.listed(
        call.organization_id,
        today(organization.time_zone),
        venture_id=venture_id,
        account_id=account_id,
        customer_id=customer_id,
        status=status,
        state=state,
        shared=shared,
    )
    by = [Subscription.subscription_id, Subscription.connection_id]
    return await paginate(call.session, statement, page, by=by, into=shown)
