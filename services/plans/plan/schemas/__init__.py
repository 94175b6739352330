"""Request and response bodies of plans."""

from services.plans.plan.schemas.answers import (
    Beside,
    InvestorVersionOut,
    PlanDiffOut,
    PlanOut,
    PlanVersionOut,
    ReviewOut,
)
from services.plans.plan.schemas.bodies import (
    CustomPathMonth,
    InvestorReadyBody,
    KnownVersion,
    LabelBody,
    OnConflict,
    PlanBody,
    RestoreBody,
    StandingBody,
    StrategyBody,
    TargetsBody,
)

__all__ = [
    "Beside",
    "CustomPathMonth",
    "InvestorReadyBody",
    "InvestorVersionOut",
    "KnownVersion",
    "LabelBody",
    "OnConflict",
    "PlanBody",
    "PlanDiffOut",
    "PlanOut",
    "PlanVersionOut",
    "RestoreBody",
    "ReviewOut",
    "StandingBody",
    "StrategyBody",
    "TargetsBody",
]
