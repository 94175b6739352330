"""Which deviations of a newest observation deserve an alert, and how severe they are (04-sync, "Alerts")."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.sync.alert.rules.finding import (
    FINANCIALS,
    GTM_STRATEGY,
    UNIT_ECONOMICS,
    Finding,
    Newest,
    money_text,
    percent_text,
)
from services.sync.alert.rules.limits import DEFAULT_LIMITS, Limit, Limits
from services.sync.quantities import stored_figure_or_none
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertType, Severity
from shared.kernel.money import quantize


def _count_text(value: Decimal, _currency: str) -> str:
    return f"{quantize(value, 1).normalize():f}"


def _months_text(value: Decimal, _currency: str) -> str:
    return f"{quantize(value, 1):f} months"


@dataclass(frozen=True, slots=True)
class Deviation:
    """How one alert type reads a comparison: beyond its target, above or below."""

    metric: MetricKind
    above: bool
    name: str
    title: str
    action: str
    section: str
    reads: Callable[[Decimal, str], str] = money_text
    only_information: bool = False


DEVIATIONS: Mapping[AlertType, Deviation] = {
    AlertType.MRR_BELOW_TARGET: Deviation(
        MetricKind.MRR,
        above=False,
        name="MRR",
        title="MRR is below target",
        action="Review the go-to-market strategy: compare pipeline, prices and churn with what the plan assumes.",
        section=GTM_STRATEGY,
    ),
    AlertType.MRR_ABOVE_TARGET: Deviation(
        MetricKind.MRR,
        above=True,
        name="MRR",
        title="MRR is exceeding its target",
        action="Find out what works, and consider a higher target or an earlier date.",
        section=GTM_STRATEGY,
        only_information=True,
    ),
    AlertType.BURN_EXCEEDS_FORECAST: Deviation(
        MetricKind.BURN_RATE,
        above=True,
        name="Net burn",
        title="Burn exceeds the forecast",
        action="Review the largest costs and hires of the month, or bring the plan's burn into line.",
        section=FINANCIALS,
    ),
    AlertType.CAC_ABOVE_PLAN: Deviation(
        MetricKind.CAC,
        above=True,
        name="CAC",
        title="Winning a customer costs more than planned",
        action="Compare the channels: stop what costs more than it brings, or bring the plan's CAC into line.",
        section=UNIT_ECONOMICS,
    ),
    AlertType.LTV_BELOW_PLAN: Deviation(
        MetricKind.LTV,
        above=False,
        name="LTV",
        title="A customer is worth less than planned",
        action="Look at churn and margin by customer group, or bring the plan's LTV into line.",
        section=UNIT_ECONOMICS,
    ),
    AlertType.PAYBACK_ABOVE_PLAN: Deviation(
        MetricKind.PAYBACK_MONTHS,
        above=True,
        name="CAC payback",
        title="Customers pay back later than planned",
        action="Look at CAC and at what new customers pay in their first months.",
        section=UNIT_ECONOMICS,
        reads=_months_text,
    ),
    AlertType.CUSTOMERS_BELOW_TARGET: Deviation(
        MetricKind.CUSTOMERS,
        above=False,
        name="Number of customers",
        title="There are fewer customers than planned",
        action="Review the go-to-market strategy: compare new and lost customers with what the plan assumes.",
        section=GTM_STRATEGY,
        reads=_count_text,
    ),
    AlertType.RUNWAY_BELOW_PLAN: Deviation(
        MetricKind.RUNWAY_MONTHS,
        above=False,
        name="Runway",
        title="Runway is shorter than planned",
        action="Compare burn and cash with the plan, and decide on costs or on raising capital.",
        section=FINANCIALS,
        reads=_months_text,
    ),
}

ALERTS_OF: Mapping[MetricKind, tuple[AlertType, ...]] = {
    MetricKind.MRR: (AlertType.MRR_BELOW_TARGET, AlertType.MRR_ABOVE_TARGET),
    MetricKind.BURN_RATE: (AlertType.BURN_EXCEEDS_FORECAST,),
    MetricKind.CAC: (AlertType.CAC_ABOVE_PLAN,),
    MetricKind.LTV: (AlertType.LTV_BELOW_PLAN,),
    MetricKind.PAYBACK_MONTHS: (AlertType.PAYBACK_ABOVE_PLAN,),
    MetricKind.CUSTOMERS: (AlertType.CUSTOMERS_BELOW_TARGET,),
    MetricKind.RUNWAY_MONTHS: (AlertType.RUNWAY_BELOW_PLAN, AlertType.RUNWAY_LOW),
}
"""Which alert types rest on the newest observation of a kind alone."""


def find_deviation(kind: AlertType, newest: Newest, limits: Limits = DEFAULT_LIMITS) -> Finding | None:
    """What an alert type has to say of the newest observation; null when it is not beyond its threshold.

    Decisions use the unrounded variance: exactly 15 % raises nothing, exactly 30 % is a warning.
    """
    limit = limits[kind]
    if not limit.enabled:
        return None
    return _low_runway(newest, limit) if kind is AlertType.RUNWAY_LOW else _deviation(kind, newest, limit)


def _severity(beyond: Decimal, limit: Limit) -> Severity | None:
    """WARNING beyond the first threshold, CRITICAL beyond the second."""
    if limit.critical is not None and beyond > limit.critical:
        return Severity.CRITICAL
    return Severity.WARNING if beyond > limit.warning else None


def _deviation(kind: AlertType, newest: Newest, limit: Limit) -> Finding | None:
    said = DEVIATIONS[kind]
    variance = newest.comparison.variance
    severity = None if variance is None else _severity(variance if said.above else -variance, limit)
    if severity is None:
        return None
    return Finding(
        kind,
        Severity.INFO if said.only_information else severity,
        said.title,
        _against_plan(newest, said),
        said.action,
        said.section,
        newest.kind,
        newest.observed_on,
        stored_figure_or_none(variance),
        newest.plan_version,
    )


def _against_plan(newest: Newest, said: Deviation) -> str:
    """E.g. "MRR of MYR 13,233.18 on 2026-03-31 is 25.0 % below the pro-rated target of MYR 17,644.24 (plan v1)."."""
    compared = newest.comparison
    assert compared.target is not None
    assert compared.variance is not None
    target = "pro-rated target" if compared.followed else "plan"
    side = "above" if said.above else "below"
    return (
        f"{said.name} of {said.reads(compared.actual, newest.currency)} on {newest.observed_on} is "
        f"{percent_text(compared.variance)} {side} the {target} of {said.reads(compared.target, newest.currency)} "
        f"(plan v{newest.plan_version})."
    )


def _low_runway(newest: Newest, limit: Limit) -> Finding | None:
    months = newest.comparison.actual
    if months >= limit.warning:
        return None
    critical = limit.critical is not None and months < limit.critical
    under = limit.critical if critical and limit.critical is not None else limit.warning
    return Finding(
        AlertType.RUNWAY_LOW,
        Severity.CRITICAL if critical else Severity.WARNING,
        "Runway is low",
        f"Runway of {quantize(months, 1):f} months on {newest.observed_on} is under {under.normalize():f} months.",
        "Cut burn or raise capital now: a round takes longer than this runway lasts.",
        FINANCIALS,
        newest.kind,
        newest.observed_on,
        stored_figure_or_none(newest.comparison.variance),
        newest.plan_version,
    )
