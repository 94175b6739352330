"""Accounts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.finance.account import store, use_cases
from services.finance.account.models import Account
from services.finance.account.schemas import AccountChange, AccountOut, AccountStatus, ArchiveAccount, NewAccount
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import Expected, IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["accounts"])


@router.post("/finance/accounts", needs=Role.MEMBER, status_code=201, operation_id="createAccount")
async def create_account(body: NewAccount, call: Call) -> AccountOut:
    """Create an account: a paying customer. Its id in the metadata of a payment links the payment to it."""
    organization = await call.organization()
    account = await use_cases.create_account(call.session, body, organization.base_currency, call.actor)
    return AccountOut.of(account)


@router.get("/finance/accounts", operation_id="listAccounts")
async def list_accounts(
    call: Call,
    page: PageQuery,
    *,
    venture_id: Annotated[UUID | None, Query(description="Accounts of one venture")] = None,
    status: Annotated[AccountStatus | None, Query(description="Active or inactive ones")] = None,
    is_billable: Annotated[bool | None, Query(description="Ones that are billed, or that are not")] = None,
    legacy_customer_id: Annotated[str | None, Query(max_length=200, description="The id in an older system")] = None,
    name: Annotated[str | None, Query(min_length=1, max_length=200, description="A part of the name")] = None,
    archived: Annotated[bool, Query(description="Show archived ones too")] = False,
) -> Page[AccountOut]:
    """The organization's accounts, newest first."""
    statement = store.listed(
        call.organization_id,
        venture_id=venture_id,
        status=status.value if status else None,
        is_billable=is_billable,
        legacy_customer_id=legacy_customer_id,
        name=name,
        archived=archived,
    )
    by = [Account.created_at.desc(), Account.id.desc()]
    return await paginate(call.session, statement, page, by=by, into=AccountOut.of)


@router.get("/finance/accounts/{account_id}", operation_id="getAccount")
async def get_account(account_id: UUID, call: Call) -> AccountOut:
    """One account with its pricing."""
    account = await store.find(call.session, call.organization_id, account_id)
    if account is None:
        raise use_cases.missing_account()
    return AccountOut.of(account)


@router.patch("/finance/accounts/{account_id}", needs=Role.MEMBER, operation_id="updateAccount")
async def update_account(account_id: UUID, body: AccountChange, call: Call, if_match: IfMatch) -> AccountOut:
    """Change an account; members that are left out stay as they are."""
    seen = (if_match, body.version)
    return AccountOut.of(await use_cases.change_account(call.session, account_id, body.wanted(), seen, call.actor))


@router.post("/finance/accounts/{account_id}/archive", needs=Role.ADMIN, operation_id="archiveAccount")
async def archive_account(
    account_id: UUID, call: Call, if_match: IfMatch, body: ArchiveAccount | None = None
) -> AccountOut:
    """Hide an account from lists. Nothing is lost; it can be taken back."""
    return await _archived(account_id, call, (if_match, body.version if body else None), archived=True)


@router.post("/finance/accounts/{account_id}/unarchive", needs=Role.ADMIN, operation_id="unarchiveAccount")
async def unarchive_account(
    account_id: UUID, call: Call, if_match: IfMatch, body: ArchiveAccount | None = None
) -> AccountOut:
    """Take an archived account back."""
    return await _archived(account_id, call, (if_match, body.version if body else None), archived=False)


async def _archived(account_id: UUID, call: Call, seen: Expected, *, archived: bool) -> AccountOut:
    account = await use_cases.set_archived(call.session, account_id, archived=archived, versions=seen, actor=call.actor)
    return AccountOut.of(account)
