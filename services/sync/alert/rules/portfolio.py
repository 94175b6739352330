"""PORTFOLIO_UNBALANCED: one venture holds more than a set share of the portfolio's MRR (04-sync, "Alerts")."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.sync.alert.rules.finding import Finding, percent_text
from services.sync.alert.rules.limits import DEFAULT_LIMITS, Limits
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertType, Severity
from shared.kernel.money import EXACT

FEWEST_VENTURES = 2


@dataclass(frozen=True, slots=True)
class Holding:
    """The newest MRR of a venture that is not archived, in the organization's currency."""

    venture_id: UUID
    observed_on: date
    mrr: Decimal


def find_unbalanced_portfolio(
    holdings: Collection[Holding], limits: Limits = DEFAULT_LIMITS
) -> tuple[UUID, Finding] | None:
    """The venture that holds too much, and what is said of it; of several beyond the limit only the largest.

    The limit itself is not too much, and a venture alone is no portfolio. MRR below 0 counts as 0. How much it is
    exactly is not said: a member who may see this venture only would learn what the others have.
    """
    limit = limits[AlertType.PORTFOLIO_UNBALANCED]
    if not limit.enabled or len(holdings) < FEWEST_VENTURES:
        return None
    total = sum((max(one.mrr, Decimal(0)) for one in holdings), Decimal(0))
    largest = max(holdings, key=lambda one: (one.mrr, one.venture_id))
    if EXACT.multiply(largest.mrr, Decimal(100)) <= EXACT.multiply(limit.warning, total):
        return None
    return largest.venture_id, Finding(
        AlertType.PORTFOLIO_UNBALANCED,
        Severity.INFO,
        "The portfolio rests on one venture",
        f"This venture holds more than {percent_text(limit.warning)} of the portfolio's MRR.",
        "Look at what the organization would do without it, and where the next revenue is to come from.",
        None,
        MetricKind.MRR,
        largest.observed_on,
    )
