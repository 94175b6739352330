"""Figures with their sources."""

from collections.abc import Iterable
from decimal import Decimal

from services.reporting.portfolio.rules.facts import Alert, Comparison, Observation, Plan, Projection, Venture
from services.reporting.report.document import Figure, Source, Unit
from shared.kernel.money import quantize, round_to_currency

_PLACES: dict[Unit, int] = {"percent": 2, "months": 4, "count": 0, "points": 0}


def figure(value: Decimal | int | None, unit: Unit, source: Source | None, currency: str | None = None) -> Figure:
    """A figure as it is given: money half-even to its currency, percents to 2, months to 4 decimals."""
    if value is None:
        return Figure(value=None, unit=unit, currency=currency)
    exact = Decimal(value)
    shown = round_to_currency(exact, currency) if currency else quantize(exact, _PLACES[unit])
    return Figure(value=f"{shown:f}", unit=unit, currency=currency, source=source)


def observation_source(seen: Observation) -> Source:
    """The observation of finance behind an actual."""
    key = f"{seen.venture_id}/{seen.metric}/{seen.observed_on}/{seen.source}@{seen.revision}"
    return Source(service="finance", kind="metric", key=key)


def comparison_source(compared: Comparison) -> Source:
    """The comparison of sync behind a target, a variance, a status."""
    key = f"{compared.venture_id}/{compared.metric}/{compared.observed_on}@{compared.version}"
    return Source(service="sync", kind="variance", key=key)


def plan_source(plan: Plan) -> Source:
    """The plan version behind a promise."""
    return Source(service="plans", kind="plan", key=f"{plan.venture_id}/{plan.id}@{plan.version}")


def venture_source(venture: Venture) -> Source:
    """The venture's own data."""
    return Source(service="plans", kind="venture", key=f"{venture.id}@{venture.version}")


def alert_source(alert: Alert) -> Source:
    """The alert of sync."""
    return Source(service="sync", kind="alert", key=f"{alert.venture_id}/{alert.type}/{alert.id}@{alert.version}")


def projection_source(projection: Projection) -> Source:
    """The projection of sync behind a promise for a month to come."""
    return Source(
        service="sync", kind="projection", key=f"{projection.venture_id}/{projection.id}@{projection.version}"
    )


def calculation(name: str, parts: Iterable[Source]) -> Source:
    """A figure that this report calculated, and of what."""
    return Source(service="reporting", kind="calculation", key=name, of=tuple(parts))


def observed(seen: Observation | None, unit: Unit, currency: str | None = None) -> Figure:
    """An actual."""
    return figure(seen.value if seen else None, unit, observation_source(seen) if seen else None, currency)
