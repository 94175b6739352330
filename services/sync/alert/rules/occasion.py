"""What a person should see although no target is missed: first actuals, milestones, plans and projections that age."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.sync.alert.rules.finding import FINANCIALS, Finding, listed, money_text, percent_text
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertType, PerformanceStatus, Severity

STALE_DAYS = 90
"""A plan that nobody touched for so long, while its venture lags, is stale."""


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
    amount = f"First MRR of {money_text(first.actual, first.currency)} on {first.observed_on}"
    if first.progress_pct is None or first.final_target is None:
        message = f"{amount}; the plan has no MRR target yet."
    else:
        sign = "-" if first.progress_pct < 0 else ""
        target = money_text(first.final_target, first.currency)
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


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone that a venture reached; ``what`` says by which actual, if it was one."""

    name: str
    reached_on: date
    what: str | None = None


def find_milestone(newest: Reached | None, open_month: date) -> Finding | None:
    """MILESTONE_REACHED: the newest milestone was reached in the open month (or later)."""
    if newest is None or newest.reached_on < open_month:
        return None
    by = f": {newest.what}" if newest.what else ""
    return Finding(
        AlertType.MILESTONE_REACHED,
        Severity.INFO,
        "Milestone reached",
        f'"{newest.name}" was reached on {newest.reached_on}{by}.',
        "Tell those who helped, and look at which milestone comes next.",
        observed_on=newest.reached_on,
    )


def find_stale_plan(
    status: PerformanceStatus | None, plan_version: int | None, touched_on: date | None, today: date
) -> Finding | None:
    """PLAN_STALE: the venture's newest MRR lags, and nobody touched its plan for 90 days."""
    if status is not PerformanceStatus.LAGGING or touched_on is None:
        return None
    if today < touched_on + timedelta(days=STALE_DAYS):
        return None
    return Finding(
        AlertType.PLAN_STALE,
        Severity.WARNING,
        "The plan is stale",
        f"The plan (v{plan_version}) has not been touched since {touched_on}, and MRR lags behind it.",
        "Review the plan: bring targets and assumptions into line with what has happened.",
        plan_version=plan_version,
    )
