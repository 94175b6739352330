"""Request and response bodies of accounts."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from services.finance.account.models import Account
from shared.kernel.money import Amount, CurrencyCode
from shared.kernel.text import OneLine
from shared.platform.http.bodies import Answer, Body

LARGEST = Decimal(10) ** 13
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


def _billable(value: Decimal) -> Decimal:
    if not 0 <= value < LARGEST:
        raise ValueError("a price is not negative and below 10 000 000 000 000")
    return value


Price = Annotated[Amount, AfterValidator(_billable)]
"""A price in major units, not negative."""


class AccountStatus(StrEnum):
    """Whether an account is in business with the organization."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class BillingInterval(StrEnum):
    """How often an account is billed."""

    MONTHLY = "monthly"
    ANNUAL = "annual"


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """Values of a body as values of the table's columns."""
    return {name: getattr(value, "value", value) for name, value in values.items()}


class NewAccount(Body):
    """An account to create. ``billing_currency`` defaults to the organization's base currency."""

    name: OneLine
    venture_id: UUID | None = None
    legacy_customer_id: OneLine | None = None
    status: AccountStatus = AccountStatus.ACTIVE
    is_billable: bool = True
    billing_amount: Price | None = None
    billing_currency: CurrencyCode | None = None
    billing_interval: BillingInterval | None = None
    billing_includes_tax: bool = False
    owner: OneLine | None = None
    segment: OneLine | None = None
    tax_id: OneLine | None = None


class AccountChange(Body):
    """What to change; members that are left out stay. ``version`` (or If-Match) guards the save."""

    name: OneLine | None = None
    venture_id: UUID | None = None
    legacy_customer_id: OneLine | None = None
    status: AccountStatus | None = None
    is_billable: bool | None = None
    billing_amount: Price | None = None
    billing_currency: CurrencyCode | None = None
    billing_interval: BillingInterval | None = None
    billing_includes_tax: bool | None = None
    owner: OneLine | None = None
    segment: OneLine | None = None
    tax_id: OneLine | None = None
    version: Version | None = None

    @model_validator(mode="after")
    def _some_members_are_always_there(self) -> "AccountChange":
        always = {"name", "status", "is_billable", "billing_currency", "billing_includes_tax"}
        for name in sorted(always & self.model_fields_set):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self

    def wanted(self) -> dict[str, Any]:
        """The members that were given, as values of the table's columns."""
        return stored(self.model_dump(exclude_unset=True, exclude={"version"}))


class ArchiveAccount(Body):
    """Archive or restore an account. ``version`` (or If-Match) guards it, when given."""

    version: Version | None = None


class AccountOut(Answer):
    """An account: a paying customer of the organization.

    ``pricing_complete``: amount, currency and interval are all set, so that the account counts in
    projected revenue.
    """

    id: UUID
    version: int
    name: str
    venture_id: UUID | None
    legacy_customer_id: str | None
    status: AccountStatus
    is_billable: bool
    billing_amount: Amount | None
    billing_currency: CurrencyCode | None
    billing_interval: BillingInterval | None
    billing_includes_tax: bool
    pricing_complete: bool
    owner: str | None
    segment: str | None
    tax_id: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    allowed_actions: list[Literal["update", "archive", "unarchive"]]

    @classmethod
    def of(cls, account: Account) -> "AccountOut":
        """From the stored account."""
        return cls.model_validate(account)
