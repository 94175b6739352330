"""What an alert says, and how its figures read (04-sync, "Alerts")."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.sync.variance.rules import Comparison
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertType, Severity
from shared.kernel.money import Money, quantize

GTM_STRATEGY, FINANCIALS, UNIT_ECONOMICS = "gtm_strategy", "financials", "unit_economics"


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast of a figure at a day, with the ends of its 90 % interval, and the trend that it follows.

    ``growth`` is the trend's monthly growth as a fraction when it is a trend of logs, else null.
    """

    on: date
    value: Decimal
    low: Decimal
    high: Decimal
    growth: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What an alert says. Two findings that are equal need no update."""

    type: AlertType
    severity: Severity
    title: str
    message: str
    suggested_action: str
    related_plan_section: str | None = None
    metric: MetricKind | None = None
    observed_on: date | None = None
    variance_pct: Decimal | None = None
    plan_version: int | None = None
    outlook: Outlook | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest-dated observation of a kind, compared."""

    kind: MetricKind
    observed_on: date
    comparison: Comparison
    plan_version: int | None
    currency: str


def percent_text(value: Decimal) -> str:
    """A percent to one decimal, without sign."""
    return f"{quantize(abs(value), 1):f} %"


def money_text(amount: Decimal, currency: str) -> str:
    """An amount with its currency, rounded to its minor unit."""
    return str(Money(amount, currency))


def listed(fields: tuple[str, ...], most: int = 5) -> str:
    """Changed fields for a sentence: "target_mrr, target_date"; beyond ``most`` it says how many more."""
    names = [name.rpartition(".")[2] for name in fields]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
