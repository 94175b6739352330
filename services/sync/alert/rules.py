"""What deserves an alert, how it reads, and what becomes of one when the deviation changes (04-sync, "Alerts").

Which alerts are open is a function of the facts, the dismissals and the open month; in which order the
facts came does not matter.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.sync.quantities import stored_figure_or_none
from services.sync.variance.rules import Comparison
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertType, Severity
from shared.kernel.money import Money, quantize


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Beyond which values an alert is due: percent for deviations, months for the runway."""

    deviation_pct: Decimal = Decimal(15)
    critical_deviation_pct: Decimal = Decimal(30)
    runway_months: Decimal = Decimal(6)
    critical_runway_months: Decimal = Decimal(4)


DEFAULT_THRESHOLDS = Thresholds()

ALERTS_OF: dict[MetricKind, tuple[AlertType, ...]] = {
    MetricKind.MRR: (AlertType.MRR_BELOW_TARGET, AlertType.MRR_ABOVE_TARGET),
    MetricKind.BURN_RATE: (AlertType.BURN_EXCEEDS_FORECAST,),
    MetricKind.RUNWAY_MONTHS: (AlertType.RUNWAY_LOW,),
}
"""Which alert types rest on the newest observation of a kind."""

GTM_STRATEGY, FINANCIALS = "gtm_strategy", "financials"


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


def _money(amount: Decimal, currency: str) -> str:
    return str(Money(amount, currency))


def _deviation(variance: Decimal, limits: Thresholds) -> Severity | None:
    """WARNING beyond the first threshold, CRITICAL beyond the second, for a variance where more is worse."""
    if variance > limits.critical_deviation_pct:
        return Severity.CRITICAL
    return Severity.WARNING if variance > limits.deviation_pct else None


def _against_plan(newest: Newest, name: str, side: str) -> str:
    """E.g. "MRR of MYR 13,233.18 on 2026-03-31 is 25.0 % below the pro-rated target of MYR 17,644.24 (plan v1)."."""
    compared = newest.comparison
    assert compared.target is not None
    assert compared.variance is not None
    target = "pro-rated target" if compared.followed else "plan"
    return (
        f"{name} of {_money(compared.actual, newest.currency)} on {newest.observed_on} is "
        f"{percent_text(compared.variance)} {side} the {target} of {_money(compared.target, newest.currency)} "
        f"(plan v{newest.plan_version})."
    )


def _finding(newest: Newest, kind: AlertType, severity: Severity, text: tuple[str, str, str], section: str) -> Finding:
    title, message, action = text
    return Finding(
        kind,
        severity,
        title,
        message,
        action,
        section,
        newest.kind,
        newest.observed_on,
        stored_figure_or_none(newest.comparison.variance),
        newest.plan_version,
    )


def _mrr_below(newest: Newest, limits: Thresholds) -> Finding | None:
    variance = newest.comparison.variance
    severity = None if variance is None else _deviation(-variance, limits)
    if severity is None:
        return None
    text = (
        "MRR is below target",
        _against_plan(newest, "MRR", "below"),
        "Review the go-to-market strategy: compare pipeline, prices and churn with what the plan assumes.",
    )
    return _finding(newest, AlertType.MRR_BELOW_TARGET, severity, text, GTM_STRATEGY)


def _mrr_above(newest: Newest, limits: Thresholds) -> Finding | None:
    variance = newest.comparison.variance
    if variance is None or variance <= limits.deviation_pct:
        return None
    text = (
        "MRR is exceeding its target",
        _against_plan(newest, "MRR", "above"),
        "Find out what works, and consider a higher target or an earlier date.",
    )
    return _finding(newest, AlertType.MRR_ABOVE_TARGET, Severity.INFO, text, GTM_STRATEGY)


def _burn(newest: Newest, limits: Thresholds) -> Finding | None:
    variance = newest.comparison.variance
    severity = None if variance is None else _deviation(variance, limits)
    if severity is None:
        return None
    text = (
        "Burn exceeds the forecast",
        _against_plan(newest, "Net burn", "above"),
        "Review the largest costs and hires of the month, or bring the plan's burn into line.",
    )
    return _finding(newest, AlertType.BURN_EXCEEDS_FORECAST, severity, text, FINANCIALS)


def _runway(newest: Newest, limits: Thresholds) -> Finding | None:
    months = newest.comparison.actual
    if months >= limits.runway_months:
        return None
    critical = months < limits.critical_runway_months
    limit = limits.critical_runway_months if critical else limits.runway_months
    text = (
        "Runway is low",
        f"Runway of {quantize(months, 1):f} months on {newest.observed_on} is under {limit:f} months.",
        "Cut burn or raise capital now: a round takes longer than this runway lasts.",
    )
    severity = Severity.CRITICAL if critical else Severity.WARNING
    return _finding(newest, AlertType.RUNWAY_LOW, severity, text, FINANCIALS)


_RULES = {
    AlertType.MRR_BELOW_TARGET: _mrr_below,
    AlertType.MRR_ABOVE_TARGET: _mrr_above,
    AlertType.BURN_EXCEEDS_FORECAST: _burn,
    AlertType.RUNWAY_LOW: _runway,
}


def find_deviation(kind: AlertType, newest: Newest, limits: Thresholds = DEFAULT_THRESHOLDS) -> Finding | None:
    """What an alert type has to say of the newest observation; null when it is not beyond its threshold.

    Decisions use the unrounded variance: exactly 15 % raises nothing, exactly 30 % is a warning.
    """
    return _RULES[kind](newest, limits)


@dataclass(frozen=True, slots=True)
class FirstActual:
    """The earliest-dated MRR of a venture that is not 0."""

    observed_on: date
    actual: Decimal
    progress_pct: Decimal | None
    final_target: Decimal | None
    plan_version: int | None
    currency: str


def find_first_metric(first: FirstActual | None, open_month: date) -> Finding | None:
    """FIRST_METRIC: the venture's first actual lies in the open month (or later)."""
    if first is None or first.observed_on < open_month:
        return None
    amount = f"First MRR of {_money(first.actual, first.currency)} on {first.observed_on}"
    if first.progress_pct is None or first.final_target is None:
        message = f"{amount}; the plan has no MRR target yet."
    else:
        sign = "-" if first.progress_pct < 0 else ""
        target = _money(first.final_target, first.currency)
        message = f"{amount}: {sign}{percent_text(first.progress_pct)} toward the target of {target}."
    return Finding(
        AlertType.FIRST_METRIC,
        Severity.INFO,
        "First actual",
        message,
        "Check that the figure and its date are right: every comparison builds on them.",
        None,
        MetricKind.MRR,
        first.observed_on,
        plan_version=first.plan_version,
    )


def find_outdated_projection(name: str | None, changed_by_version: int, fields: tuple[str, ...]) -> Finding | None:
    """PROJECTION_OUTDATED: no projection rests on the plan as it is. ``name``: the newest outdated one, if any."""
    if name is None:
        return None
    changed = f" changed {listed(fields)}" if fields else " changed its assumptions"
    return Finding(
        AlertType.PROJECTION_OUTDATED,
        Severity.INFO,
        "Projections are outdated",
        f'Plan v{changed_by_version}{changed}; "{name}" no longer rests on the plan as it is.',
        "Regenerate projections.",
        FINANCIALS,
        plan_version=changed_by_version,
    )


def listed(fields: tuple[str, ...], most: int = 5) -> str:
    """Changed fields for a sentence: "target_mrr, target_date"; beyond ``most`` it says how many more."""
    names = [name.rpartition(".")[2] for name in fields]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


class Verdict(StrEnum):
    """What becomes of the open alert of a venture and type."""

    KEEP = "keep"
    RAISE = "raised"
    UPDATE = "updated"
    RESOLVE = "resolved"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the stored alerts of a venture and type mean for the next one.

    ``said`` is what the open alert says; ``quiet_up_to`` the highest severity dismissed in the open month.
    """

    said: Finding | None = None
    quiet_up_to: Severity | None = None


def judge(finding: Finding | None, standing: Standing) -> Verdict:
    """Decide about an alert.

    A dismissed deviation stays quiet until its severity rises or the next month begins; it is
    quiet again when the severity falls back, so that the outcome is the same in whichever order the
    observations came.
    """
    due = finding is not None and (standing.quiet_up_to is None or finding.severity.rank > standing.quiet_up_to.rank)
    if not due:
        return Verdict.RESOLVE if standing.said is not None else Verdict.KEEP
    if standing.said is None:
        return Verdict.RAISE
    return Verdict.KEEP if standing.said == finding else Verdict.UPDATE


def is_silent(newest: date | None, said: Finding | None, open_month: date) -> bool:
    """Whether the newest observation of a kind is too old to raise or resolve anything.

    Observations before the open month are compared silently. An alert whose own observation was
    withdrawn (it is dated after the newest one that is left) has lost its ground, and is judged.
    """
    if newest is not None and newest >= open_month:
        return False
    if said is None or said.observed_on is None:
        return True
    return newest is not None and said.observed_on <= newest
