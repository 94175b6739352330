"""Request and response bodies of linking."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from services.ingestion.linking.models import CustomerMapping, LinkChange
from shared.kernel.money import Amount, CurrencyCode, Percent
from shared.platform.http.bodies import Answer, Body

CustomerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")]


class MappingBody(Body):
    """Which account a Stripe customer belongs to."""

    connection_id: UUID
    customer_id: CustomerId
    account_id: UUID


class MappingOut(Answer):
    """A customer's mapping: who set it last, and when. ``archived_at``: it no longer holds."""

    connection_id: UUID
    customer_id: str
    account_id: UUID
    version: int
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID
    archived_at: datetime | None

    @classmethod
    def of(cls, mapping: CustomerMapping) -> "MappingOut":
        """A stored mapping."""
        return cls.model_validate(mapping)


class MappedOut(MappingOut):
    """A changed mapping. ``applied``: its rows carry the link already (else within moments)."""

    applied: bool

    @classmethod
    def applied_to(cls, mapping: CustomerMapping, *, applied: bool) -> "MappedOut":
        """A mapping and whether its rows are derived already."""
        return cls.model_validate(MappingOut.of(mapping).model_dump() | {"applied": applied})


class LinkChangeOut(Answer):
    """One change of a customer's mapping; null: no account."""

    connection_id: UUID
    customer_id: str
    account_before: UUID | None
    account_after: UUID | None
    changed_at: datetime
    changed_by: UUID

    @classmethod
    def of(cls, change: LinkChange) -> "LinkChangeOut":
        """A stored change."""
        return cls.model_validate(change)


class UnlinkedAmount(Answer):
    """Unlinked payments of one currency."""

    currency: CurrencyCode
    payments: int
    amount: Amount


class AccountSuggestion(Answer):
    """An account whose name is like the customer's: shown, never applied."""

    account_id: UUID
    name: str
    similarity_pct: Percent


class UnlinkedOut(Answer):
    """A customer whose money belongs to no account yet. ``customer_id`` null: money without a customer.

    ``claimed_account_id`` is what metadata says; it links by itself once that account exists.
    """

    connection_id: UUID
    customer_id: str | None
    customer_name: str | None
    customer_email: str | None
    claimed_account_id: UUID | None
    payments: int
    subscriptions: int
    refunds: int
    disputes: int
    amounts: list[UnlinkedAmount]
    suggestions: list[AccountSuggestion]
