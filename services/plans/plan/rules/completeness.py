"""What a plan's content means: completeness, POFW score, implied targets, changes.

Pure: works on the value objects of the event contract (``PlanStrategy``, ``PlanTargets``).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from shared.contracts.plans import FieldChange, PlanStatus, PlanStrategy, PlanTargets, TargetPath
from shared.kernel.errors import field_error
from shared.kernel.money import EXACT, quantize

MONTHS_A_YEAR = 12
ARR_MRR_TOLERANCE = Decimal("0.01")
SALARY_GROWTH_DEFAULT = Decimal("0.05")
RATIO_PLACES = 4
FIGURE_PLACES = 6
CENT_PLACES = 2
AMOUNT_LIMIT = Decimal(90_000_000_000_000)
"""The greatest amount of a target or assumption: stored as NUMERIC(20,6), with room for twelve of a month."""

TEXT_LIMIT_BYTES = 256 * 1024
"""The sum of a plan's texts, in bytes of JSON, so that an event with all of them stays under 512 KB."""

CHANGE_LIMIT_BYTES = 4 * 1024
SHORTENED_CHARACTERS = 500
"""A longer old or new value travels shortened in an event; at most six bytes of JSON a character."""


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
class PlanContent:
    """What a version of a plan says."""

    strategy: PlanStrategy
    targets: PlanTargets

    def values(self) -> Iterator[tuple[str, Any]]:
        """Every field by its path (``strategy.vision``, ``targets.target_mrr``), as a Python value."""
        for part_name in ("strategy", "targets"):
            part = getattr(self, part_name)
            for field in type(part).model_fields:
                yield f"{part_name}.{field}", getattr(part, field)

    def as_json(self) -> dict[str, Any]:
        """Every field by its path, as a JSON value."""
        return {
            f"{part_name}.{field}": value
            for part_name in ("strategy", "targets")
            for field, value in getattr(self, part_name).model_dump(mode="json").items()
        }


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


def status_of(complete: Completeness) -> PlanStatus:
    """COMPLETE when all required sections and targets are present, else DRAFT."""
    missing = any(section.missing for section in complete.sections if section.required)
    return PlanStatus.DRAFT if missing else PlanStatus.COMPLETE


def pofw_score(strategy: PlanStrategy) -> int | None:
    """Problem + Opportunity + Feasibility + Willingness-to-pay, out of 40; None until all four are set."""
    scores = (
        strategy.problem_score,
        strategy.opportunity_score,
        strategy.feasibility_score,
        strategy.willingness_to_pay_score,
    )
    return None if None in scores else sum(score for score in scores if score is not None)


def tidy(amount: Decimal) -> Decimal:
    """A derived amount half-even to 6 decimals, written with 2 when that says the same."""
    figure, cents = quantize(amount, FIGURE_PLACES), quantize(amount, CENT_PLACES)
    return cents if figure == cents else figure


def settled(targets: PlanTargets) -> PlanTargets:
    """The targets with what they imply: MRR = ARR / 12 or ARR = 12 x MRR, LTV:CAC, salary growth.

    LTV:CAC defaults to expected LTV / expected CAC (4 decimals, half-even; none when CAC is 0),
    salary growth to 0.05 a month. Given values are kept as they are.
    """
    implied: dict[str, Any] = {}
    if targets.target_mrr is None and targets.target_arr is not None:
        implied["target_mrr"] = tidy(EXACT.divide(targets.target_arr, Decimal(MONTHS_A_YEAR)))
    elif targets.target_arr is None and targets.target_mrr is not None:
        implied["target_arr"] = tidy(targets.target_mrr * MONTHS_A_YEAR)
    if targets.expected_ltv_cac is None and targets.expected_ltv is not None and targets.expected_cac:
        implied["expected_ltv_cac"] = quantize(EXACT.divide(targets.expected_ltv, targets.expected_cac), RATIO_PLACES)
    if targets.salary_growth is None:
        implied["salary_growth"] = SALARY_GROWTH_DEFAULT
    return targets.model_copy(update=implied)


def objections(content: PlanContent) -> list[dict[str, Any]]:
    """Why this content cannot be saved, as field errors; empty when it can. ``targets`` are settled."""
    return [*_text_objections(content.strategy), *_target_objections(content.targets)]


def _text_objections(strategy: PlanStrategy) -> Iterator[dict[str, Any]]:
    texts = [value for value in strategy.model_dump().values() if isinstance(value, str)]
    size = sum(len(json.dumps(text, ensure_ascii=False).encode()) - 2 for text in (*texts, *strategy.key_features))
    if size > TEXT_LIMIT_BYTES:
        yield field_error("strategy", f"the texts of a plan have at most {TEXT_LIMIT_BYTES} bytes; these have {size}")


def _target_objections(targets: PlanTargets) -> Iterator[dict[str, Any]]:
    mrr, arr = targets.target_mrr, targets.target_arr
    if mrr is not None and arr is not None:
        yearly = mrr * MONTHS_A_YEAR
        if abs(arr - yearly) > ARR_MRR_TOLERANCE * max(arr, yearly):
            reason = f"target_arr {arr:f} and 12 x target_mrr {yearly:f} differ by more than 1 %; give one of them"
            yield field_error("targets.target_arr", reason)
        if arr > AMOUNT_LIMIT:
            yield field_error("targets.target_arr", f"a yearly target is at most {AMOUNT_LIMIT:f}")
    if targets.expected_ltv_cac is not None and targets.expected_ltv_cac > AMOUNT_LIMIT:
        yield field_error("targets.expected_ltv_cac", "the quotient of expected_ltv and expected_cac is too large")
    promised = [name for name in ("target_mrr", "target_arr", "target_customers") if getattr(targets, name) is not None]
    if promised and targets.target_date is None:
        yield field_error("targets.target_date", f"a date is due with {promised[0]}")
    if targets.target_date and targets.baseline_date and targets.target_date <= targets.baseline_date:
        yield field_error("targets.target_date", "the target's date lies after the baseline's date")
    yield from _path_objections(targets)


def _path_objections(targets: PlanTargets) -> Iterator[dict[str, Any]]:
    months = [point.month for point in targets.custom_path]
    if targets.path is not TargetPath.CUSTOM:
        if months:
            yield field_error("targets.custom_path", 'a custom path is only given with path "custom"')
        return
    if not months:
        yield field_error("targets.custom_path", 'path "custom" needs at least one month with its amount')
    if targets.target_mrr is None:
        yield field_error("targets.target_mrr", "a custom path leads to a target_mrr")
    if any(after <= before for before, after in pairwise(months)):
        yield field_error("targets.custom_path", "the months are in order, each once")


EMPTY = PlanContent(PlanStrategy(), settled(PlanTargets()))
"""What a first version is compared with."""


def changes_between(before: PlanContent, after: PlanContent) -> tuple[FieldChange, ...]:
    """The fields whose value differs, with old and new as JSON. 5.0 and 5.00 are the same value."""
    old, new = before.as_json(), after.as_json()
    known = dict(before.values())
    return tuple(
        FieldChange(field=field, old=old[field], new=new[field])
        for field, value in after.values()
        if value != known[field]
    )


def is_financial(changes: tuple[FieldChange, ...]) -> bool:
    """Whether a target, an assumption or the go-to-market strategy changed."""
    return any(change.field.startswith("targets.") or change.field == "strategy.gtm_strategy" for change in changes)


def shortened(changes: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
    """The changes with long values cut to their first characters, as they travel in an event.

    The whole new value is in the event's ``strategy``, the old one in the event before.
    """
    return tuple(FieldChange(field=change.field, old=_short(change.old), new=_short(change.new)) for change in changes)


def _short(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    if len(text.encode()) <= CHANGE_LIMIT_BYTES:
        return value
    return (value if isinstance(value, str) else text)[:SHORTENED_CHARACTERS] + "..."


@dataclass(frozen=True, slots=True)
class Divergence:
    """What two people did to the same version: ``conflicting`` fields were changed differently by both."""

    they_changed: tuple[FieldChange, ...]
    you_changed: tuple[FieldChange, ...]
    conflicting: tuple[str, ...]


def divergence(base: PlanContent, current: PlanContent, mine: PlanContent) -> Divergence:
    """The field-level difference that lets a client merge its stale save."""
    theirs, yours = changes_between(base, current), changes_between(base, mine)
    disputed = {change.field for change in theirs} & {change.field for change in changes_between(current, mine)}
    return Divergence(theirs, yours, tuple(change.field for change in yours if change.field in disputed))
