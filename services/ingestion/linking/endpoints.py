"""Linking over HTTP: mappings of customers, and the unlinked queue."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.ingestion.linking import store, unlinked, use_cases
from services.ingestion.linking.models import CustomerMapping, LinkChange
from services.ingestion.linking.schemas import (
    CustomerId,
    LinkChangeOut,
    MappedOut,
    MappingBody,
    MappingOut,
    UnlinkedOut,
)
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["linking"])


@router.get("/ingestion/customer-mappings", operation_id="listCustomerMappings")
async def list_customer_mappings(
    call: Call, page: PageQuery, archived: Annotated[bool, Query(description="Show archived ones too")] = False
) -> Page[MappingOut]:
    """Which Stripe customers belong to which accounts, the last changed first."""
    statement = store.mappings(call.organization_id, archived=archived)
    by = [CustomerMapping.updated_at.desc(), CustomerMapping.connection_id, CustomerMapping.customer_id]
    return await paginate(call.session, statement, page, by=by, into=MappingOut.of)


@router.put("/ingestion/customer-mappings", needs=Role.ADMIN, operation_id="mapCustomer")
async def map_customer(body: MappingBody, call: Call) -> MappedOut:
    """Say which account a customer belongs to. Applies to its past and future rows; corrected facts go out."""
    actor = call.actor
    mapping, applied = await use_cases.map_customer(
        call.session, body.connection_id, body.customer_id, body.account_id, actor
    )
    return MappedOut.applied_to(mapping, applied=applied)


@router.delete("/ingestion/customer-mappings", needs=Role.ADMIN, operation_id="unmapCustomer")
async def unmap_customer(
    call: Call,
    connection_id: Annotated[UUID, Query(description="The connection")],
    customer_id: Annotated[CustomerId, Query(description="The Stripe customer")],
) -> MappedOut:
    """Take a mapping back (it is archived); the customer's rows follow."""
    actor = call.actor
    mapping, applied = await use_cases.unmap_customer(call.session, connection_id, customer_id, actor)
    return MappedOut.applied_to(mapping, applied=applied)


@router.get("/ingestion/customer-mappings/changes", operation_id="listCustomerMappingChanges")
async def list_customer_mapping_changes(
    call: Call,
    page: PageQuery,
    connection_id: Annotated[UUID | None, Query(description="Only this connection")] = None,
    customer_id: Annotated[CustomerId | None, Query(description="Only this customer")] = None,
) -> Page[LinkChangeOut]:
    """Who mapped which customer to which account, and when; the newest first."""
    statement = store.changes(call.organization_id, connection_id, customer_id)
    by = [LinkChange.changed_at.desc(), LinkChange.id]
    return await paginate(call.session, statement, page, by=by, into=LinkChangeOut.of)


@router.get("/ingestion/unlinked", operation_id="listUnlinked")
async def list_unlinked(
    call: Call,
    page: PageQuery,
    connection_id: Annotated[UUID | None, Query(description="Only this connection")] = None,
) -> Page[UnlinkedOut]:
    """Customers whose money belongs to no account yet, with counts, amounts, and suggestions (never applied)."""
    statement = unlinked.queue(call.organization_id, connection_id)
    by = [statement.selected_columns.connection_id, statement.selected_columns.customer_id]
    rows: Page[Any] = await paginate(call.session, statement, page, by=by, into=_QueueRow)
    shown = await unlinked.described(call.session, call.organization_id, rows.items)
    return Page(items=shown, next_cursor=rows.next_cursor)


class _QueueRow:
    """One row of the queue as the statement gives it."""

    def __init__(self, *values: Any) -> None:
        names = ("connection_id", "customer_id", "payments", "refunds", "disputes", "subscriptions", "claim")
        for name, value in zip(names, values, strict=True):
            setattr(self, name, value)
