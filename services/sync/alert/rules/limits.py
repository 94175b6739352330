"""Beyond which values an alert is due: defaults, and what organizations and ventures set instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared.contracts.sync import AlertType


@dataclass(frozen=True, slots=True)
class Limit:
    """Beyond ``warning`` an alert is a WARNING, beyond ``critical`` CRITICAL; both are percent.

    Of RUNWAY_LOW both are months, and the runway is under them. ``critical`` is null for types that have
    only one severity. ``enabled`` false: the type raises nothing.
    """

    warning: Decimal
    critical: Decimal | None = None
    enabled: bool = True


_DEVIATION = Limit(Decimal(15), Decimal(30))

DEFAULT_LIMITS: Mapping[AlertType, Limit] = {
    AlertType.MRR_BELOW_TARGET: _DEVIATION,
    AlertType.MRR_ABOVE_TARGET: Limit(Decimal(15)),
    AlertType.BURN_EXCEEDS_FORECAST: _DEVIATION,
    AlertType.CAC_ABOVE_PLAN: _DEVIATION,
    AlertType.LTV_BELOW_PLAN: _DEVIATION,
    AlertType.PAYBACK_ABOVE_PLAN: _DEVIATION,
    AlertType.CUSTOMERS_BELOW_TARGET: _DEVIATION,
    AlertType.RUNWAY_BELOW_PLAN: _DEVIATION,
    AlertType.RUNWAY_LOW: Limit(Decimal(6), Decimal(4)),
    AlertType.TARGET_AT_RISK: Limit(Decimal(15)),
    AlertType.PORTFOLIO_UNBALANCED: Limit(Decimal(60)),
}
"""Every type with a threshold; the others are occasions, and have none."""

OF_THE_WHOLE = frozenset({AlertType.PORTFOLIO_UNBALANCED})
"""Types whose limit only the organization sets: they compare ventures with one another."""

Limits = Mapping[AlertType, Limit]


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """What an organization or a venture sets for one type; null leaves what is above it."""

    warning: Decimal | None = None
    critical: Decimal | None = None
    enabled: bool | None = None


OwnLimits = Mapping[AlertType, OwnLimit]


def limits_in_force(organization: OwnLimits, venture: OwnLimits) -> Limits:
    """The defaults, overruled by the organization's, overruled by the venture's, member by member."""
    if not organization and not venture:
        return DEFAULT_LIMITS
    return {
        kind: _overruled(_overruled(limit, organization.get(kind)), venture.get(kind))
        for kind, limit in DEFAULT_LIMITS.items()
    }


def _overruled(limit: Limit, own: OwnLimit | None) -> Limit:
    if own is None:
        return limit
    return Limit(
        limit.warning if own.warning is None else own.warning,
        limit.critical if own.critical is None else own.critical,
        limit.enabled if own.enabled is None else own.enabled,
    )


def out_of_order(limits: Limits) -> AlertType | None:
    """The first type whose critical limit is not beyond its warning: a rise would skip WARNING."""
    for kind, limit in limits.items():
        if limit.critical is None:
            continue
        wrong = limit.critical >= limit.warning if kind is AlertType.RUNWAY_LOW else limit.critical <= limit.warning
        if wrong:
            return kind
    return None
