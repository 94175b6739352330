"""How far a plan is filled in, which status that gives, and its POFW score."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.plans.plan.rules.content import PlanContent
from shared.contracts.plans import PlanStatus, PlanStrategy
from shared.kernel.money import EXACT, quantize

FIGURE_PLACES = 6


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the plan that is filled in by itself. ``fields`` are all needed for 100 %."""

    name: str
    fields: tuple[str, ...]
    required: bool = True


SECTIONS = (
    Section("vision", ("strategy.vision",)),
    Section("pitch", ("strategy.tagline", "strategy.one_line_pitch"), required=False),
    Section("problem", ("strategy.problem", "strategy.problem_score")),
    Section("solution", ("strategy.solution", "strategy.key_features")),
    Section(
        "market",
        (
            "strategy.market",
            "strategy.market_tam",
            "strategy.market_sam",
            "strategy.market_som",
            "strategy.opportunity_score",
        ),
    ),
    Section("revenue_model", ("strategy.revenue_model",)),
    Section("gtm_strategy", ("strategy.gtm_strategy",)),
    Section("unit_economics", ("strategy.unit_economics",)),
    Section("moat", ("strategy.moat",)),
    Section("competition", ("strategy.competition",)),
    Section("team", ("strategy.team",)),
    Section("feasibility", ("strategy.feasibility", "strategy.feasibility_score")),
    Section("willingness_to_pay", ("strategy.willingness_to_pay", "strategy.willingness_to_pay_score")),
    Section("financials", ("strategy.financials",)),
    Section("ask", ("strategy.ask",)),
    Section("targets", ("targets.target_mrr", "targets.target_date")),
    Section(
        "assumptions",
        (
            "targets.expected_cac",
            "targets.expected_ltv",
            "targets.expected_burn_rate",
            "targets.expected_runway_months",
            "targets.expected_growth_rate",
        ),
        required=False,
    ),
)


@dataclass(frozen=True, slots=True)
class SectionCompleteness:
    """How far one section is filled in. ``pct`` is filled / total fields, in percent."""

    name: str
    required: bool
    missing: tuple[str, ...]
    pct: Decimal


@dataclass(frozen=True, slots=True)
class Completeness:
    """How far a plan is filled in: the mean of its required sections, in percent (6 decimals)."""

    sections: tuple[SectionCompleteness, ...]
    pct: Decimal

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that are required and missing: COMPLETE and INVESTOR_READY ask for all of them."""
        return tuple(field for section in self.sections if section.required for field in section.missing)


def _is_filled(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != ()


def completeness(content: PlanContent) -> Completeness:
    """Completeness per section and in total; 100 exactly when every required section is."""
    values = dict(content.values())
    sections = []
    for section in SECTIONS:
        missing = tuple(field for field in section.fields if not _is_filled(values[field]))
        share = EXACT.divide(Decimal(100 * (len(section.fields) - len(missing))), Decimal(len(section.fields)))
        sections.append(SectionCompleteness(section.name, section.required, missing, quantize(share, FIGURE_PLACES)))
    required = [section.pct for section in sections if section.required]
    total = EXACT.divide(sum(required, Decimal(0)), Decimal(len(required)))
    return Completeness(tuple(sections), quantize(total, FIGURE_PLACES))


def status_of(complete: Completeness, *, investor_ready: bool = False, archived: bool = False) -> PlanStatus:
    """ARCHIVED or INVESTOR_READY when a person said so; COMPLETE when nothing required is missing, else DRAFT."""
    if archived:
        return PlanStatus.ARCHIVED
    if complete.missing:
        return PlanStatus.DRAFT
    return PlanStatus.INVESTOR_READY if investor_ready else PlanStatus.COMPLETE


def pofw_score(strategy: PlanStrategy) -> int | None:
    """Problem + Opportunity + Feasibility + Willingness-to-pay, out of 40; None until all four are set."""
    scores = (
        strategy.problem_score,
        strategy.opportunity_score,
        strategy.feasibility_score,
        strategy.willingness_to_pay_score,
    )
    return None if None in scores else sum(score for score in scores if score is not None)
