"""Which account and which venture a ledger row belongs to: resolved by explicit words only, never guessed."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.observation import Facts
from services.ingestion.stripe_object.rules.values import Json


def read_customer(customer: Json) -> Facts:
    """A customer; a deletion may show nothing but its id."""
    return {
        "name": values.text(customer, "name"),
        "email": values.text(customer, "email"),
        **values.claims(customer),
    }


@dataclass(frozen=True, slots=True)
class Claims:
    """What an object, its customer and the organization's mapping of that customer say."""

    account: UUID | None = None
    venture: UUID | None = None
    customer_account: UUID | None = None
    customer_venture: UUID | None = None
    mapped_account: UUID | None = None


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account of the organization, and its venture."""

    account_id: UUID
    venture_id: UUID | None


@dataclass(frozen=True, slots=True)
class Link:
    """The account (None: unlinked) and the venture (None: shared) of a ledger row."""

    account_id: UUID | None
    venture_id: UUID | None


def resolve_link(
    claims: Claims,
    accounts: Mapping[UUID, KnownAccount],
    ventures: AbstractSet[UUID],
    default_venture: UUID | None,
) -> Link:
    """Account: the object's metadata, else its customer's, else the mapping; only one that exists counts.

    Venture: the metadata's if it exists, else the account's, else the connection's default.
    """
    named = (claims.account, claims.customer_account, claims.mapped_account)
    account = next((accounts[name] for name in named if name is not None and name in accounts), None)
    claimed = (claims.venture, claims.customer_venture)
    venture = next((name for name in claimed if name is not None and name in ventures), None)
    if venture is None and account is not None:
        venture = account.venture_id
    return Link(
        account_id=account.account_id if account else None,
        venture_id=default_venture if venture is None else venture,
    )


LIKENESS_PCT = 60
"""From which similarity of names (percent) an account is suggested for a customer."""

_MOST_SUGGESTIONS = 3


def suggest(customer_name: str | None, accounts: Mapping[UUID, str]) -> list[tuple[UUID, Decimal]]:
    """Accounts whose names are like a customer's, with their similarity in percent, the likest first.

    Similarity is the share of common words (Dice's coefficient of the two sets of words).
    """
    words = _words(customer_name or "")
    found = [(account, _similarity(words, _words(name))) for account, name in accounts.items()]
    alike = [(account, likeness) for account, likeness in found if likeness >= LIKENESS_PCT]
    return sorted(alike, key=lambda pair: (-pair[1], str(pair[0])))[:_MOST_SUGGESTIONS]


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", name.casefold()))


def _similarity(one: frozenset[str], other: frozenset[str]) -> Decimal:
    if not one or not other:
        return Decimal(0)
    return Decimal(200 * len(one & other)) / Decimal(len(one) + len(other))
