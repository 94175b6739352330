"""All SQL of accounts."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.account.models import Account


async def find(session: AsyncSession, organization_id: UUID, account_id: UUID, *, lock: bool = False) -> Account | None:
    """An account by its id; with ``lock``, changes of it queue until the transaction ends."""
    return await session.get(
        Account, (organization_id, account_id), with_for_update=lock or None, populate_existing=lock
    )


async def legacy_customer_is_taken(session: AsyncSession, account: Account) -> bool:
    """Whether another account that is not archived has the same legacy customer."""
    taken = select(Account.id).where(
        Account.organization_id == account.organization_id,
        Account.legacy_customer_id == account.legacy_customer_id,
        Account.archived_at.is_(None),
        Account.id != account.id,
    )
    return (await session.scalars(taken.limit(1))).first() is not None


def listed(
    organization_id: UUID,
    *,
    venture_id: UUID | None,
    status: str | None,
    is_billable: bool | None,
    legacy_customer_id: str | None,
    name: str | None,
    archived: bool,
) -> Select[Account]:
    """The organization's accounts, filtered; archived ones only when asked for."""
    statement = select(Account).where(Account.organization_id == organization_id)
    wanted = {
        Account.venture_id: venture_id,
        Account.status: status,
        Account.is_billable: is_billable,
        Account.legacy_customer_id: legacy_customer_id,
    }
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    if name is not None:
        statement = statement.where(Account.name.icontains(name, autoescape=True))
    return statement if archived else statement.where(Account.archived_at.is_(None))
