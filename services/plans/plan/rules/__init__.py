"""What a plan's content means: completeness, POFW score, implied targets, changes, merges, documents.

Pure: works on the value objects of the event contract (``PlanStrategy``, ``PlanTargets``).
"""

from services.plans.plan.rules.changes import (
    CHANGE_LIMIT_BYTES,
    EMPTY,
    Divergence,
    FieldConflict,
    applied,
    changes_between,
    divergence,
    is_financial,
    shortened,
)
from services.plans.plan.rules.completeness import (
    FIGURE_PLACES,
    SECTIONS,
    Completeness,
    Section,
    SectionCompleteness,
    completeness,
    pofw_score,
    status_of,
)
from services.plans.plan.rules.content import CUSTOM_METRICS_PREFIX, PlanContent
from services.plans.plan.rules.targets import (
    AMOUNT_LIMIT,
    CUSTOM_METRICS_LIMIT,
    CUSTOM_PATH_LIMIT,
    RATIO_PLACES,
    TEXT_LIMIT_BYTES,
    bare,
    objections,
    settled,
)

__all__ = [
    "AMOUNT_LIMIT",
    "CHANGE_LIMIT_BYTES",
    "CUSTOM_METRICS_LIMIT",
    "CUSTOM_METRICS_PREFIX",
    "CUSTOM_PATH_LIMIT",
    "EMPTY",
    "FIGURE_PLACES",
    "RATIO_PLACES",
    "SECTIONS",
    "TEXT_LIMIT_BYTES",
    "Completeness",
    "Divergence",
    "FieldConflict",
    "PlanContent",
    "Section",
    "SectionCompleteness",
    "applied",
    "bare",
    "changes_between",
    "completeness",
    "divergence",
    "is_financial",
    "objections",
    "pofw_score",
    "settled",
    "shortened",
    "status_of",
]
