"""All SQL of linking."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.models import StripeConnection
from services.ingestion.ledger.rules import Draft
from services.ingestion.linking.models import AccountView, CustomerMapping, LinkChange, VentureView
from services.ingestion.linking.rules import Claims, KnownAccount, Link, resolve_link
from services.ingestion.stripe_object.rules.observation import Facts
from services.ingestion.stripe_object.rules.touched import Named, Place
from services.ingestion.stripe_object.store import by_key
from shared.platform.db.bulk import in_values


@dataclass(slots=True)
class LinkBook:
    """Everything by which the rows of one batch are linked."""

    customers: dict[Named, Facts] = field(default_factory=dict)
    mappings: dict[Named, UUID] = field(default_factory=dict)
    accounts: dict[UUID, dict[UUID, KnownAccount]] = field(default_factory=dict)
    ventures: dict[UUID, set[UUID]] = field(default_factory=dict)
    defaults: dict[Place, UUID | None] = field(default_factory=dict)

    def link(self, place: Place, draft: Draft) -> Link:
        """The account and venture of one row."""
        claims = self._claims(place, draft)
        organization = place[0]
        return resolve_link(
            claims,
            self.accounts.get(organization, {}),
            self.ventures.get(organization, set()),
            self.defaults.get(place),
        )

    def _claims(self, place: Place, draft: Draft) -> Claims:
        if draft.customer_id is None:
            return Claims(draft.account_claim, draft.venture_claim)
        named = (*place, draft.customer_id)
        customer = self.customers.get(named, {})
        return Claims(
            draft.account_claim,
            draft.venture_claim,
            customer.get("account"),
            customer.get("venture"),
            self.mappings.get(named),
        )


async def link_book(session: AsyncSession, drafts: Collection[tuple[Place, Draft]]) -> LinkBook:
    """Read what links some rows: a handful of statements, however many rows."""
    book = LinkBook()
    customers = {(*place, draft.customer_id) for place, draft in drafts if draft.customer_id}
    for place, found in (await by_key(session, "customer", customers)).items():
        book.customers |= {(*place, each.object_id): each.facts for each in found}
    book.mappings = await _mapped_accounts(session, customers)
    claimed: set[tuple[UUID, UUID]] = {(key[0], account) for key, account in book.mappings.items()}
    ventures: set[tuple[UUID, UUID]] = set()
    for place, draft in drafts:
        customer = book.customers.get((*place, draft.customer_id or ""), {})
        claimed |= {(place[0], UUID(name)) for name in (draft.account_claim, customer.get("account")) if name}
        ventures |= {(place[0], UUID(name)) for name in (draft.venture_claim, customer.get("venture")) if name}
    for account in await _accounts(session, claimed):
        book.accounts.setdefault(account[0], {})[account[1]] = KnownAccount(account[1], account[2])
    for organization, venture in await known_ventures(session, ventures):
        book.ventures.setdefault(organization, set()).add(venture)
    book.defaults = await _default_ventures(session, {place for place, _ in drafts})
    return book


async def _mapped_accounts(session: AsyncSession, customers: Collection[Named]) -> dict[Named, UUID]:
    if not customers:
        return {}
    model = CustomerMapping
    statement = select(model.organization_id, model.connection_id, model.customer_id, model.account_id).where(
        in_values((model.organization_id, model.connection_id, model.customer_id), list(customers)),
        model.archived_at.is_(None),
    )
    return {(row[0], row[1], row[2]): row[3] for row in await session.execute(statement)}


async def _accounts(session: AsyncSession, claimed: Collection[tuple[UUID, UUID]]) -> Iterable[Any]:
    if not claimed:
        return []
    return await session.execute(
        select(AccountView.organization_id, AccountView.account_id, AccountView.venture_id).where(
            in_values((AccountView.organization_id, AccountView.account_id), list(claimed))
        )
    )


async def known_ventures(session: AsyncSession, claimed: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those among some (organization, venture) that exist."""
    if not claimed:
        return set()
    statement = select(VentureView.organization_id, VentureView.venture_id).where(
        in_values((VentureView.organization_id, VentureView.venture_id), list(claimed))
    )
    return {(row[0], row[1]) for row in await session.execute(statement)}


async def _default_ventures(session: AsyncSession, places: Collection[Place]) -> dict[Place, UUID | None]:
    model = StripeConnection
    statement = select(model.organization_id, model.id, model.default_venture_id).where(
        in_values((model.organization_id, model.id), list(places))
    )
    return {(row[0], row[1]): row[2] for row in await session.execute(statement)}


async def mapping(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, customer_id: str
) -> CustomerMapping | None:
    """A customer's mapping, archived or not."""
    return await session.get(CustomerMapping, (organization_id, connection_id, customer_id))


def mappings(organization_id: UUID, *, archived: bool) -> Select[CustomerMapping]:
    """The organization's mappings; archived ones only when asked for."""
    statement = select(CustomerMapping).where(CustomerMapping.organization_id == organization_id)
    return statement if archived else statement.where(CustomerMapping.archived_at.is_(None))


def changes(organization_id: UUID, connection_id: UUID | None, customer_id: str | None) -> Select[LinkChange]:
    """The history of mappings."""
    statement = select(LinkChange).where(LinkChange.organization_id == organization_id)
    if connection_id is not None:
        statement = statement.where(LinkChange.connection_id == connection_id)
    return statement if customer_id is None else statement.where(LinkChange.customer_id == customer_id)


async def account_names(session: AsyncSession, organization_id: UUID) -> dict[UUID, str]:
    """The names of the organization's accounts."""
    statement = select(AccountView.account_id, AccountView.name).where(
        AccountView.organization_id == organization_id, AccountView.archived.is_(False)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}
