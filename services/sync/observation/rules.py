"""Which of a day's observations counts when sources disagree."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.contracts.finance import MetricSource


@dataclass(frozen=True, slots=True)
class Series:
    """The observations of one metric of one venture: a ``MetricKind``, or the key of a custom one."""

    organization_id: UUID
    venture_id: UUID
    metric: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One dated actual of one source."""

    observed_on: date
    source: MetricSource
    revision: int
    value: Decimal
    currency: str | None = None
    withdrawn: bool = False


def effective(observations: Iterable[Observation]) -> Observation | None:
    """The observation of a day that counts: override > calculated > imported > manual; none if all are withdrawn."""
    holding = (observation for observation in observations if not observation.withdrawn)
    return min(holding, key=lambda observation: observation.source.precedence, default=None)
