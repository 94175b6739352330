"""The document that a plan is imported from."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.plans.plan.rules import PlanContent
from services.plans.plan.schemas.bodies import StrategyBody, TargetsBody
from shared.contracts.plans import PlanStatus
from shared.kernel.money import CurrencyCode
from shared.kernel.text import OneLine
from shared.platform.http.bodies import Body


class PlanDocumentBody(Body):
    """A plan as its export wrote it, or as a person wrote one like it.

    ``label`` names the version that the import makes; ``currency``, when given, is the organization's. What
    else is said about the exported version is not taken over.
    """

    format: Literal["trueup.plan"]
    format_version: Literal[1]
    venture: str | None = None
    version: int | None = None
    label: OneLine | None = None
    status: PlanStatus | None = None
    saved_at: datetime | None = None
    currency: CurrencyCode | None = None
    pofw_score: int | None = None
    completeness_pct: str | None = None
    strategy: StrategyBody = Field(default_factory=StrategyBody)
    targets: TargetsBody = Field(default_factory=TargetsBody)

    def content(self) -> PlanContent:
        """What the plan shall say."""
        return PlanContent(self.strategy.value(), self.targets.value())
