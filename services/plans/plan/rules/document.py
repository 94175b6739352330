"""A version of a plan as a document: what it holds, in which order, and which fields are text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.plans.plan.rules.content import PlanContent

FORMAT, FORMAT_VERSION = "trueup.plan", 1

TEXT_FIELDS = (
    "vision",
    "tagline",
    "one_line_pitch",
    "problem",
    "solution",
    "key_features",
    "market",
    "revenue_model",
    "gtm_strategy",
    "unit_economics",
    "moat",
    "competition",
    "team",
    "feasibility",
    "willingness_to_pay",
    "financials",
    "ask",
)
"""The strategy's texts; ``key_features`` is a list of them."""


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A version with what is said about it (venture, version, label, status, currency ...), as JSON values."""

    about: Mapping[str, Any]
    content: PlanContent

    def as_json(self) -> dict[str, Any]:
        """The whole document; what is unknown about it is left out."""
        about = {name: value for name, value in self.about.items() if value is not None}
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **about,
            "strategy": self.content.strategy.model_dump(mode="json"),
            "targets": self.content.targets.model_dump(mode="json"),
        }
