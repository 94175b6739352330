"""Making scenarios and what-ifs, and drawing bands around a projection."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.comparison.store import Ground, stand_on, stand_unlocked
from services.sync.hot import read
from services.sync.observation.history import monthly_values
from services.sync.observation.rules import Series
from services.sync.projection.models import Projection
from services.sync.projection.rules import WHAT_IF, Assumption, Forecast
from services.sync.projection.store import projections_of
from services.sync.projection.use_cases import (
    NOTHING_TO_PROJECT,
    NothingToProject,
    changes_of,
    version_to_project,
)
from services.sync.projection.use_cases.making import Made, Start, starting_point
from services.sync.scenario.rules.bands import LEAST_GROWTHS, Bands, growth_volatility, percentile_bands
from services.sync.scenario.rules.course import (
    ADJUSTMENTS,
    Adjustment,
    Scenario,
    scenario_forecast,
    scenario_name,
)
from services.sync.venture.store import VentureKey
from shared.contracts.finance import MetricKind
from shared.contracts.sync import ProjectionMonth
from shared.kernel.errors import Conflict
from shared.platform.bus.outbox import emit_all

VOLATILITY_MONTHS = 24
"""How far back a venture's own growth volatility looks."""
ASSUMED = {"expected_burn_rate": "burn", "payroll_share": "payroll_share", "salary_growth": "salary_growth"}


class TooLittleHistory(Conflict):
    """A venture's own volatility needs some months of MRR."""

    code = "too_little_history"


@dataclass(frozen=True, slots=True)
class Question:
    """A what-if: what differs in growth and costs, and which of the plan's own figures are others."""

    name: str
    adjustment: Adjustment
    instead: Mapping[str, Any]
    plan_version: int | None = None


async def make_scenarios(
    session: AsyncSession, venture: VentureKey, scenarios: Sequence[Scenario], plan_version: int | None, actor: UUID
) -> list[Projection]:
    """Make the projections of named scenarios from the last actual; those of the same name are superseded.

    Raises ``NotFound`` for an unknown version, ``NothingToProject`` when the plan gives no projection.
    """
    ground = await stand_on(session, [venture])
    start = await _start(session, ground, venture, plan_version)
    return await _keep(
        session,
        ground,
        venture,
        [(scenario, _made(start, scenario, ADJUSTMENTS[scenario])) for scenario in dict.fromkeys(scenarios)],
        actor,
    )


async def keep_what_if(session: AsyncSession, venture: VentureKey, question: Question, actor: UUID) -> Projection:
    """Make a what-if a projection of the venture, comparable with any other. Raises as ``make_scenarios``."""
    ground = await stand_on(session, [venture])
    start = _instead(await _start(session, ground, venture, question.plan_version), question.instead)
    made = _made(start, Scenario.WHAT_IF, question.adjustment, question)
    return (await _keep(session, ground, venture, [(Scenario.WHAT_IF, made)], actor))[0]


async def preview_what_if(session: AsyncSession, venture: VentureKey, question: Question) -> tuple[Made, str]:
    """The figures of a what-if, kept nowhere, and their currency. Raises as ``make_scenarios``."""
    ground = await stand_unlocked(session, [venture])
    start = _instead(await _start(session, ground, venture, question.plan_version), question.instead)
    return _made(start, Scenario.WHAT_IF, question.adjustment, question), ground.currency(venture[0])


async def draw_bands(
    session: AsyncSession, projection: Projection, *, paths: int, seed: int, volatility: Decimal | None
) -> Bands:
    """Percentile bands around a projection; ``volatility`` takes the place of the venture's own.

    Raises ``TooLittleHistory`` without enough months to tell a volatility.
    """
    if volatility is None:
        series = Series(projection.organization_id, projection.venture_id, MetricKind.MRR)
        (history,) = await read(session, monthly_values({series: projection.start_on}, VOLATILITY_MONTHS))
        volatility = growth_volatility([value for _day, value in history[series]])
    if volatility is None:
        raise TooLittleHistory(
            f"A volatility needs {LEAST_GROWTHS + 1} months of MRR above 0 before the projection; give one instead."
        )
    months = [ProjectionMonth.model_validate(month) for month in projection.months]
    # The drawing is some 50 ms of numpy, which releases the interpreter's lock for most of it.
    return await asyncio.to_thread(percentile_bands, months, projection.start_cash, volatility, paths=paths, seed=seed)


async def _start(session: AsyncSession, ground: Ground, venture: VentureKey, plan_version: int | None) -> Start:
    number = version_to_project(ground, venture, plan_version)
    start = await starting_point(session, ground, venture, number)
    if start is None:
        raise NothingToProject(NOTHING_TO_PROJECT)
    return start


def _instead(start: Start, instead: Mapping[str, Any]) -> Start:
    """A start with some of the plan's figures replaced."""
    target: Decimal | None = instead.get("target_mrr")
    day: date | None = instead.get("target_date")
    way = start.way
    if target is not None or day is not None:
        way = replace(way, final=way.final if target is None else target, target_on=day or way.target_on)
    assumed = {ours: Assumption(instead[theirs], WHAT_IF) for theirs, ours in ASSUMED.items() if theirs in instead}
    return replace(start, way=way, assumptions=replace(start.assumptions, **assumed))


def _made(start: Start, scenario: Scenario, adjustment: Adjustment, question: Question | None = None) -> Made:
    figures: Forecast | None = scenario_forecast(start.way, start.cash, start.assumptions, adjustment)
    if figures is None:
        raise NothingToProject(NOTHING_TO_PROJECT)
    name = scenario_name(scenario, start.promise.plan_version, question.name if question else None)
    return Made(start.promise, figures, start.assumptions, name, _told(adjustment, question))


def _told(adjustment: Adjustment, question: Question | None) -> dict[str, Any]:
    """What a scenario changes, as JSON."""
    growth = adjustment.monthly_growth
    told: dict[str, Any] = {
        "growth_factor": f"{adjustment.growth_factor:f}",
        "cost_factor": f"{adjustment.cost_factor:f}",
        "monthly_growth": None if growth is None else f"{growth:f}",
        "steps": [
            {
                "on": step.on.isoformat(),
                "monthly_revenue": f"{step.monthly_revenue:f}",
                "monthly_costs": f"{step.monthly_costs:f}",
                "inflow": f"{step.inflow:f}",
            }
            for step in adjustment.steps
        ],
    }
    for name in ("target_mrr", "target_date"):
        given = question.instead.get(name) if question else None
        told[name] = given.isoformat() if isinstance(given, date) else (None if given is None else f"{given:f}")
    return told


async def _keep(
    session: AsyncSession,
    ground: Ground,
    venture: VentureKey,
    made: Sequence[tuple[Scenario, Made]],
    actor: UUID,
) -> list[Projection]:
    changes = changes_of(session, ground, venture, (await projections_of(session, [venture]))[venture])
    rows = [changes.add_scenario(one, scenario.value, actor) for scenario, one in made]
    await session.flush()
    await emit_all(session, changes.events())
    return rows
