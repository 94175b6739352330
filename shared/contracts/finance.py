"""Events of finance: accounts, and the dated actuals ("metrics") of ventures."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.contracts.plans import Direction, MetricName
from shared.kernel.money import Amount, CurrencyCode


class AccountUpdated(Event, type="account.updated", kind=Kind.SNAPSHOT, key=("account_id",), sequence="version"):
    """The public state of an account (a paying customer of the organization)."""

    account_id: UUID
    version: int = Field(ge=1)
    name: str
    venture_id: UUID | None = None
    legacy_customer_id: str | None = None
    active: bool = True
    is_billable: bool = True
    billing_amount: Amount | None = None
    billing_currency: CurrencyCode | None = None
    billing_interval: str | None = None
    segment: str | None = None
    archived: bool = False


class MetricKind(StrEnum):
    """What is observed. Money is in the base currency, rates are fractions, runway and payback months."""

    MRR = "mrr"
    ARR = "arr"
    CUSTOMERS = "customers"
    GROWTH_RATE = "growth_rate"
    CAC = "cac"
    LTV = "ltv"
    LTV_CAC = "ltv_cac"
    PAYBACK_MONTHS = "payback_months"
    BURN_RATE = "burn_rate"
    GROSS_BURN = "gross_burn"
    RUNWAY_MONTHS = "runway_months"
    CASH = "cash"


MONEY_KINDS = frozenset(
    {
        MetricKind.MRR,
        MetricKind.ARR,
        MetricKind.CAC,
        MetricKind.LTV,
        MetricKind.BURN_RATE,
        MetricKind.GROSS_BURN,
        MetricKind.CASH,
    }
)
"""The kinds that are amounts in the organization's base currency."""

LESS_IS_BETTER = frozenset({MetricKind.BURN_RATE, MetricKind.GROSS_BURN, MetricKind.CAC, MetricKind.PAYBACK_MONTHS})
"""The kinds of which more than planned is worse."""


def direction_of(kind: str) -> Direction:
    """Which way a kind gets better."""
    return Direction.LESS_IS_BETTER if kind in LESS_IS_BETTER else Direction.MORE_IS_BETTER


_KINDS = frozenset(MetricKind)


def is_custom(metric: str) -> bool:
    """Whether a metric is one that an organization defines itself: none of the kinds."""
    return metric not in _KINDS


class MetricSource(StrEnum):
    """Where an observation comes from; effective is override > calculated > imported > manual."""

    OVERRIDE = "override"
    CALCULATED = "calculated"
    IMPORTED = "imported"
    MANUAL = "manual"

    @property
    def precedence(self) -> int:
        """0 is the most effective."""
        return _PRECEDENCE[self]


_PRECEDENCE = {source: place for place, source in enumerate(MetricSource)}


class UnconvertedAmount(Part):
    """Money in a currency for which there is no rate: shown beside the total, never guessed."""

    currency: CurrencyCode
    amount: Amount


class MetricObservation(
    Event,
    kind=Kind.FACT,
    key=("venture_id", "metric", "observed_on", "source"),
    sequence="revision",
):
    """What every observation says, be it of a kind or of a metric that the organization defines."""

    venture_id: UUID
    metric: MetricName
    observed_on: date
    source: MetricSource
    revision: int = Field(ge=1)
    value: Amount
    currency: CurrencyCode | None = None
    unconverted: tuple[UnconvertedAmount, ...] = ()
    policy_version: int | None = None
    note: str | None = None
    withdrawn: bool = False
    recorded_at: datetime
    evidence: tuple[str, ...] = ()
    carried_from: date | None = None


class MetricCreated(MetricObservation, type="metric.created"):
    """An actual, dated observation for a venture; a later calculation has a higher revision.

    ``observed_on`` is a local day of the organization. ``withdrawn``: the observation no longer
    holds (its facts moved to another venture or day). ``carried_from``: nothing happened on the day, and it
    was carried forward from that one when the day ended.
    """

    metric: MetricKind


class CustomMetricCreated(MetricObservation, type="custom_metric.created"):
    """A dated observation of a metric that the organization defines in its plans.

    ``metric`` is its key there, ``unit`` its unit when the observation was recorded. Everything else is as in
    ``metric.created``; it has no currency.
    """

    unit: str | None = None
