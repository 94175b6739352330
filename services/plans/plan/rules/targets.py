"""What targets imply, and which targets cannot be saved."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from services.plans.plan.rules.completeness import FIGURE_PLACES
from services.plans.plan.rules.content import PlanContent
from shared.contracts.finance import MetricKind
from shared.contracts.plans import CustomMetricTarget, CustomPathPoint, PlanStrategy, PlanTargets, TargetPath
from shared.kernel.errors import field_error
from shared.kernel.money import EXACT, quantize

MONTHS_A_YEAR = 12
ARR_MRR_TOLERANCE = Decimal("0.01")
SALARY_GROWTH_DEFAULT = Decimal("0.05")
RATIO_PLACES = 4
CENT_PLACES = 2
AMOUNT_LIMIT = Decimal(90_000_000_000_000)
"""The greatest amount of a target or assumption: stored as NUMERIC(20,6), with room for twelve of a month."""

TEXT_LIMIT_BYTES = 256 * 1024
"""The sum of a plan's texts, in bytes of JSON, so that an event with all of them stays under 512 KB."""

CUSTOM_METRICS_LIMIT = 20
CUSTOM_PATH_LIMIT = 240
"""The most months of the MRR's path, and of the paths of all custom metrics together."""


def tidy(amount: Decimal) -> Decimal:
    """A derived amount half-even to 6 decimals, written with 2 when that says the same."""
    figure, cents = quantize(amount, FIGURE_PLACES), quantize(amount, CENT_PLACES)
    return cents if figure == cents else figure


def settled(targets: PlanTargets) -> PlanTargets:
    """The targets with what they imply: MRR = ARR / 12 or ARR = 12 x MRR, LTV:CAC, salary growth.

    LTV:CAC defaults to expected LTV / expected CAC (4 decimals, half-even; none when CAC is 0),
    salary growth to 0.05 a month. Given values are kept as they are; custom metrics stand in the order of
    their keys.
    """
    implied: dict[str, Any] = {"custom_metrics": tuple(sorted(targets.custom_metrics, key=lambda one: one.key))}
    if targets.target_mrr is None and targets.target_arr is not None:
        implied["target_mrr"] = tidy(EXACT.divide(targets.target_arr, Decimal(MONTHS_A_YEAR)))
    elif targets.target_arr is None and targets.target_mrr is not None:
        implied["target_arr"] = tidy(targets.target_mrr * MONTHS_A_YEAR)
    if targets.expected_ltv_cac is None:
        implied["expected_ltv_cac"] = _quotient(targets)
    if targets.salary_growth is None:
        implied["salary_growth"] = SALARY_GROWTH_DEFAULT
    return targets.model_copy(update=implied)


def bare(targets: PlanTargets) -> PlanTargets:
    """The targets without what they imply: ``settled(bare(t))`` is ``t`` again for settled ``t``.

    Two people who changed CAC and LTV do not contradict each other in the quotient that follows.
    """
    implied: dict[str, Any] = {}
    mrr, arr = targets.target_mrr, targets.target_arr
    if mrr is not None and arr is not None:
        if arr == tidy(mrr * MONTHS_A_YEAR):
            implied["target_arr"] = None
        elif mrr == tidy(EXACT.divide(arr, Decimal(MONTHS_A_YEAR))):
            implied["target_mrr"] = None
    if targets.expected_ltv_cac == _quotient(targets):
        implied["expected_ltv_cac"] = None
    return targets.model_copy(update=implied)


def _quotient(targets: PlanTargets) -> Decimal | None:
    if targets.expected_ltv is None or not targets.expected_cac:
        return None
    return quantize(EXACT.divide(targets.expected_ltv, targets.expected_cac), RATIO_PLACES)


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
    if _ends_before_it_begins(targets.target_date, targets.baseline_date):
        yield field_error("targets.target_date", "the target's date lies after the baseline's date")
    if targets.path is TargetPath.CUSTOM and targets.target_mrr is None:
        yield field_error("targets.target_mrr", "a custom path leads to a target_mrr")
    yield from _path_objections("targets", targets.path, targets.custom_path)
    yield from _custom_metric_objections(targets)


def _ends_before_it_begins(target_date: date | None, baseline_date: date | None) -> bool:
    return target_date is not None and baseline_date is not None and target_date <= baseline_date


def _path_objections(
    place: str, path: TargetPath | None, points: tuple[CustomPathPoint, ...]
) -> Iterator[dict[str, Any]]:
    months = [point.month for point in points]
    if path is not TargetPath.CUSTOM:
        if months:
            yield field_error(f"{place}.custom_path", 'a custom path is only given with path "custom"')
        return
    if not months:
        yield field_error(f"{place}.custom_path", 'path "custom" needs at least one month with its amount')
    if any(after <= before for before, after in pairwise(months)):
        yield field_error(f"{place}.custom_path", "the months are in order, each once")


def _custom_metric_objections(targets: PlanTargets) -> Iterator[dict[str, Any]]:
    metrics = targets.custom_metrics
    if sum(len(metric.custom_path) for metric in metrics) > CUSTOM_PATH_LIMIT:
        reason = f"the paths of all custom metrics have at most {CUSTOM_PATH_LIMIT} months together"
        yield field_error("targets.custom_metrics", reason)
    for before, metric in pairwise((None, *metrics)):
        assert metric is not None
        place = f"targets.custom_metrics.{metric.key}"
        if before is not None and before.key == metric.key:
            yield field_error(f"{place}.key", "two custom metrics have this key")
        if metric.key in set(MetricKind):
            yield field_error(f"{place}.key", f"{metric.key} is a metric that every venture has; choose another key")
        yield from _one_custom_metric(place, metric, targets)


def _one_custom_metric(place: str, metric: CustomMetricTarget, targets: PlanTargets) -> Iterator[dict[str, Any]]:
    """Its target, date and path; a metric without a target is only observed."""
    due = metric.target_date or targets.target_date
    if metric.target is None:
        if metric.target_date or metric.path or metric.custom_path:
            yield field_error(f"{place}.target", "a date or a path leads to a target")
        return
    if due is None:
        yield field_error(f"{place}.target_date", "a target needs its date: here, or the plan's target_date")
    if _ends_before_it_begins(due, metric.baseline_date or targets.baseline_date):
        yield field_error(f"{place}.target_date", "the target's date lies after the baseline's date")
    yield from _path_objections(place, metric.path, metric.custom_path)
