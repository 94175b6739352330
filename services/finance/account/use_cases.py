"""What can be done with accounts."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.account import store
from services.finance.account.models import Account
from services.finance.account.schemas import AccountStatus, NewAccount, stored
from services.finance.venture.models import VentureView
from shared.contracts.finance import AccountUpdated
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.bus.outbox import emit
from shared.platform.db.bulk import lock_keys
from shared.platform.db.waiting import known
from shared.platform.http.concurrency import Expected, check_version


class LegacyCustomerTaken(Conflict):
    """Another account is already the bridge to this customer of the older system."""

    code = "legacy_customer_taken"


class AccountArchived(Conflict):
    """An archived account does not change."""

    code = "account_archived"


async def create_account(session: AsyncSession, wanted: NewAccount, base_currency: str, actor: Actor) -> Account:
    """Create an account and announce it, so that ingestion can link to it what carries its id."""
    values = stored(wanted.model_dump()) | {"billing_currency": wanted.billing_currency or base_currency}
    account = Account(
        organization_id=actor.organization_id,
        id=new_id(),
        version=1,
        created_at=actor.now,
        created_by=actor.user_id,
        updated_at=actor.now,
        archived_at=None,
        **values,
    )
    await _check(session, account)
    session.add(account)
    await session.flush()
    await emit(session, _state(account))
    return account


async def change_account(
    session: AsyncSession, account_id: UUID, wanted: dict[str, Any], versions: Expected, actor: Actor
) -> Account:
    """Change some columns of an account; nothing happens when they already are as wanted."""
    account = await _of(session, account_id, versions, actor)
    if account.archived_at is not None:
        raise AccountArchived("The account is archived; take it back first.", allowed_actions=account.allowed_actions)
    different = {name: value for name, value in wanted.items() if getattr(account, name) != value}
    if not different:
        return account
    for name, value in different.items():
        setattr(account, name, value)
    with session.no_autoflush:
        await _check(session, account)
    return await _saved(session, account, actor)


async def set_archived(
    session: AsyncSession, account_id: UUID, *, archived: bool, versions: Expected, actor: Actor
) -> Account:
    """Archive an account, or take it back; nothing happens when it already is so."""
    account = await _of(session, account_id, versions, actor)
    if (account.archived_at is not None) == archived:
        return account
    account.archived_at = actor.now if archived else None
    with session.no_autoflush:
        await _check(session, account)
    return await _saved(session, account, actor)


async def _of(session: AsyncSession, account_id: UUID, versions: Expected, actor: Actor) -> Account:
    account = await store.find(session, actor.organization_id, account_id, lock=True)
    if account is None:
        raise missing_account()
    check_version(account.version, *versions)
    return account


def missing_account() -> NotFound:
    """The answer for an account that is not there, or belongs to another organization."""
    return NotFound("There is no account with this id in this organization.")


async def _check(session: AsyncSession, account: Account) -> None:
    """The venture is known, and the legacy customer is nobody else's."""
    if account.venture_id is not None:
        await known(session, VentureView, organization_id=account.organization_id, id=account.venture_id)
    if account.legacy_customer_id is None or account.archived_at is not None:
        return
    key = (str(account.organization_id), account.legacy_customer_id)
    await lock_keys(session, "finance.legacy_customer", [key])
    if await store.legacy_customer_is_taken(session, account):
        message = "another account has this legacy customer"
        raise LegacyCustomerTaken(
            f"{message.capitalize()}.", errors=[field_error("legacy_customer_id", message, "conflict")]
        )


async def _saved(session: AsyncSession, account: Account, actor: Actor) -> Account:
    account.version += 1
    account.updated_at = actor.now
    await session.flush()
    await emit(session, _state(account))
    return account


def _state(account: Account) -> AccountUpdated:
    return AccountUpdated(
        organization_id=account.organization_id,
        account_id=account.id,
        version=account.version,
        name=account.name,
        venture_id=account.venture_id,
        legacy_customer_id=account.legacy_customer_id,
        active=account.status == AccountStatus.ACTIVE.value,
        is_billable=account.is_billable,
        billing_amount=account.billing_amount,
        billing_currency=account.billing_currency,
        billing_interval=account.billing_interval,
        segment=account.segment,
        archived=account.archived_at is not None,
    )
