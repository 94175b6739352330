"""Request and response bodies of metrics."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.finance.metric.rules import SIGNED_KINDS
from services.finance.metric.use_cases import unconverted_amounts
from shared.contracts.finance import MetricKind, MetricSource, UnconvertedAmount, is_custom
from shared.contracts.plans import MetricName
from shared.kernel.money import Amount, CurrencyCode
from shared.kernel.text import Prose
from shared.platform.http.bodies import Body

LARGEST = Decimal(10) ** 13
EARLIEST = date(1900, 1, 1)
MOST_IMPORTED = 1000


def _storable(value: Decimal) -> Decimal:
    if abs(value) >= LARGEST:
        raise ValueError("a value lies between -10 000 000 000 000 and 10 000 000 000 000")
    return value


def _of_our_time(value: date) -> date:
    if value < EARLIEST:
        raise ValueError(f"an actual is dated {EARLIEST} or later")
    return value


Value = Annotated[Amount, AfterValidator(_storable)]
ObservedOn = Annotated[date, AfterValidator(_of_our_time)]
Note = Annotated[Prose, Field(max_length=2000)]


class EnteredSource(StrEnum):
    """Where an entered actual comes from; calculated ones are made by the service alone."""

    OVERRIDE = "override"
    IMPORTED = "imported"
    MANUAL = "manual"


class Entry(Body):
    """An actual of a venture on a local day.

    ``metric`` is a kind (mrr, arr, customers, growth_rate, cac, ltv, ltv_cac, payback_months, burn_rate, gross_burn,
    runway_months, cash) or the key of a custom metric that a current plan of the organization defines.

    Money (mrr, arr, cac, ltv, burn_rate, gross_burn, cash) is in the organization's base currency, growth_rate is a
    fraction (0.05 is five percent a month), runway_months and payback_months are months. burn_rate is
    net: cash expenses minus cash revenue of the last full month.
    """

    metric: MetricName
    observed_on: ObservedOn
    value: Value
    note: Note | None = None

    @model_validator(mode="after")
    def _value_fits_the_metric(self) -> "Entry":
        if self.value < 0 and self.metric not in SIGNED_KINDS and not is_custom(self.metric):
            raise ValueError(f"{self.metric} cannot be negative")
        if self.metric == MetricKind.CUSTOMERS and self.value != self.value.to_integral_value():
            raise ValueError("customers are counted in whole numbers")
        return self


class NewMetric(Entry):
    """An actual to enter. An override outranks the calculated figure and needs a reason in ``note``."""

    source: EnteredSource = EnteredSource.MANUAL

    @model_validator(mode="after")
    def _an_override_has_a_reason(self) -> "NewMetric":
        if self.source is EnteredSource.OVERRIDE and not (self.note and self.note.strip()):
            raise ValueError("an override needs its reason in note")
        return self


class MetricImport(Body):
    """Actuals from another system, taken in as a whole or not at all."""

    metrics: list[Entry] = Field(min_length=1, max_length=MOST_IMPORTED)


class MetricOut(BaseModel):
    """An actual of a venture on a local day, by one source.

    ``metric`` is a kind or the key of a custom metric; ``unit`` is the unit that this had when the actual was recorded.
    ``currency`` is the base currency for money and null otherwise; ``unconverted`` is money in other
    currencies for which there is no rate, not contained in ``value``. ``revision`` rises with each change.
    ``policy_version``: the metric policy of a calculated one.
    """

    venture_id: UUID
    metric: MetricName
    observed_on: date
    source: MetricSource
    revision: int
    value: Amount
    currency: CurrencyCode | None
    unit: str | None
    unconverted: list[UnconvertedAmount]
    policy_version: int | None
    note: str | None
    recorded_at: datetime
    recorded_by: UUID | None
    carried_from: date | None = Field(
        description="Nothing happened on the day; it was carried forward from this one when the day ended"
    )
    explained_at: str

    @classmethod
    def of(cls, row: Any) -> "MetricOut":
        """From a stored metric."""
        return cls.from_values({name: getattr(row, name) for name in _STORED})

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "MetricOut":
        """From the columns of a metric."""
        shown = {name: values[name] for name in _STORED} | {
            "unconverted": unconverted_amounts(values["unconverted"]),
            "explained_at": evidence_path(values),
        }
        return cls.model_validate(shown)


_STORED = tuple(name for name in MetricOut.model_fields if name != "explained_at")


def evidence_path(values: Mapping[str, Any]) -> str:
    """Where the metric opens into its parts, relative to the organization."""
    return f"ventures/{values['venture_id']}/metrics/{values['metric']}/{values['observed_on']}"


class ImportOut(BaseModel):
    """What an import did: actuals that are new or different, and ones that were there already."""

    written: int
    unchanged: int


class PartOut(BaseModel):
    """A subscription's share of a figure, and the provider's events that made it what it is."""

    connection_id: UUID
    subscription_id: str
    customer_id: str | None
    account_id: UUID | None
    currency: CurrencyCode
    mrr: Amount
    since: date
    effective_at: datetime
    evidence: list[str]


class PolicyOut(BaseModel):
    """The metric policy behind a figure."""

    version: int
    settings: dict[str, str]


class EarlierOut(BaseModel):
    """What growth compares with: the MRR a month before."""

    day: date
    mrr: Amount


class MetricExplained(BaseModel):
    """One kind of actual on one day, and where it comes from.

    ``effective`` is what counts when sources disagree (override > calculated > imported > manual),
    ``sources`` all of them. For what is calculated, ``parts`` are the paying subscriptions on that day,
    largest first (at most 500; ``parts_total`` says how many there are), ``sums`` what they add up to by currency,
    ``customers`` how many customers they have, and ``earlier`` what growth compares with.
    """

    definition: str
    effective: MetricOut
    sources: list[MetricOut]
    policy: PolicyOut | None
    parts: list[PartOut]
    parts_total: int
    sums: list[UnconvertedAmount]
    customers: int | None
    earlier: EarlierOut | None
