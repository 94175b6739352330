"""All SQL of linking."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import LiteralString
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.ledger.rules import Draft
from services.ingestion.linking.models import AccountView, CustomerMapping, LinkChange, VentureView
from services.ingestion.linking.rules import Claims, KnownAccount, Link, resolve_link
from services.ingestion.stripe_object.rules.touched import Named, Place
from services.ingestion.stripe_object.store.seen import columns_of
from shared.platform.db.bulk import in_values
from shared.platform.db.driver import Rows, Statement

Naming = tuple[Place, str | None, str | None, str | None]
"""Of which connection a row is, and the customer, account and venture that it names."""


@dataclass(frozen=True, slots=True)
class CustomerWords:
    """The account and venture that a customer's metadata names, and the account to which it was mapped."""

    account: UUID | None = None
    venture: UUID | None = None
    mapped: UUID | None = None


_SAYS_NOTHING = CustomerWords()


@dataclass(slots=True)
class LinkBook:
    """Everything by which the rows of one batch are linked."""

    customers: dict[Named, CustomerWords] = field(default_factory=dict)
    accounts: dict[UUID, dict[UUID, KnownAccount]] = field(default_factory=dict)
    ventures: dict[UUID, set[UUID]] = field(default_factory=dict)
    defaults: dict[Place, UUID | None] = field(default_factory=dict)

    def link(self, place: Place, draft: Draft) -> Link:
        """The account and venture of one row."""
        organization = place[0]
        return resolve_link(
            self._claims(place, draft),
            self.accounts.get(organization, {}),
            self.ventures.get(organization, set()),
            self.defaults.get(place),
        )

    def _claims(self, place: Place, draft: Draft) -> Claims:
        said = self.customers.get((*place, draft.customer_id or ""), _SAYS_NOTHING)
        return Claims(
            UUID(draft.account_claim) if draft.account_claim else None,
            UUID(draft.venture_claim) if draft.venture_claim else None,
            said.account,
            said.venture,
            said.mapped,
        )


_Claimed = set[tuple[UUID, UUID]]
"""Organizations, each with the id of an account or a venture that something of it names."""

# One statement tells everything, as rows of four kinds: what a customer says of itself, its mapping included; the
# accounts and ventures that exist among all that are named; and what a connection's facts belong to by default.
_LINKS: LiteralString = """
WITH customer AS MATERIALIZED (
    SELECT k.organization_id, k.connection_id, k.customer_id, o.account_claim, o.venture_claim, m.account_id AS mapped
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS k (organization_id, connection_id, customer_id)
    LEFT JOIN stripe_objects o ON (o.organization_id, o.connection_id, o.object_id)
        = (k.organization_id, k.connection_id, k.customer_id) AND o.object_type = 'customer' AND o.since = 0
    LEFT JOIN customer_mappings m ON (m.organization_id, m.connection_id, m.customer_id)
        = (k.organization_id, k.connection_id, k.customer_id) AND m.archived_at IS NULL
)
SELECT 'customer' AS kind, organization_id, connection_id AS id, customer_id AS name,
    account_claim AS account, venture_claim AS venture, mapped FROM customer
UNION ALL
SELECT 'account', organization_id, account_id, NULL, NULL, venture_id, NULL FROM accounts
WHERE (organization_id, account_id) IN (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[])
    UNION SELECT organization_id, account_claim FROM customer
    UNION SELECT organization_id, mapped FROM customer
)
UNION ALL
SELECT 'venture', organization_id, venture_id, NULL, NULL, NULL, NULL FROM ventures
WHERE (organization_id, venture_id) IN (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[]) UNION SELECT organization_id, venture_claim FROM customer
)
UNION ALL
SELECT 'connection', organization_id, id, NULL, NULL, default_venture_id, NULL FROM stripe_connections
WHERE (organization_id, id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))
"""


def link_book(named: Iterable[Naming]) -> Statement[LinkBook]:
    """What links some rows, by what they name."""
    customers: set[Named] = set()
    accounts: _Claimed = set()
    ventures: _Claimed = set()
    places: set[Place] = set()
    for place, customer, account, venture in named:
        places.add(place)
        if customer:
            customers.add((*place, customer))
        if account:
            accounts.add((place[0], UUID(account)))
        if venture:
            ventures.add((place[0], UUID(venture)))
    parameters = [
        *columns_of(customers, 3),
        *columns_of(accounts, 2),
        *columns_of(ventures, 2),
        *columns_of(places, 2),
    ]
    return Statement(_LINKS, parameters, _book)


def _book(rows: Rows) -> LinkBook:
    book = LinkBook()
    for kind, organization, identity, name, account, venture, mapped in rows:
        if kind == "customer":
            book.customers[organization, identity, name] = CustomerWords(account, venture, mapped)
        elif kind == "account":
            book.accounts.setdefault(organization, {})[identity] = KnownAccount(identity, venture)
        elif kind == "venture":
            book.ventures.setdefault(organization, set()).add(identity)
        else:
            book.defaults[organization, identity] = venture
    return book


async def known_ventures(session: AsyncSession, claimed: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those among some (organization, venture) that exist."""
    if not claimed:
        return set()
    statement = select(VentureView.organization_id, VentureView.venture_id).where(
        in_values((VentureView.organization_id, VentureView.venture_id), list(claimed))
    )
    return {(row[0], row[1]) for row in await session.execute(statement)}


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
