"""Request and response bodies of ventures."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.plans.plan.models import PlanComparison, PlanVersion
from services.plans.venture.models import Venture
from shared.contracts.plans import MarketType, PlanStatus, VentureStage
from shared.contracts.sync import PlanSyncStatus
from shared.kernel.money import Amount, CurrencyCode, Percent
from shared.kernel.text import OneLine, Prose
from shared.platform.http.bodies import Body

Description = Annotated[Prose, Field(max_length=10_000)]
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class NewVenture(Body):
    """A venture to create. ``currency`` defaults to the organization's base currency."""

    name: OneLine
    description: Description = ""
    stage: VentureStage = VentureStage.IDEA
    market_type: MarketType | None = None
    currency: CurrencyCode | None = None
    is_cash_holding: bool = False


class VentureChange(Body):
    """What to change; members that are left out stay. ``version`` (or If-Match) guards the save."""

    name: OneLine | None = None
    description: Description | None = None
    stage: VentureStage | None = None
    market_type: MarketType | None = None
    currency: CurrencyCode | None = None
    is_cash_holding: bool | None = None
    version: Version | None = None

    @model_validator(mode="after")
    def _only_market_type_can_be_nothing(self) -> "VentureChange":
        for name in self.model_fields_set - {"market_type", "version"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self

    def wanted(self) -> dict[str, Any]:
        """The members that were given, as values of the table's columns."""
        given = self.model_dump(exclude_unset=True, exclude={"version"})
        return {name: getattr(value, "value", value) for name, value in given.items()}


class ArchiveVenture(Body):
    """Archive or restore a venture. ``version`` (or If-Match) guards it, when given."""

    version: Version | None = None


class PlanSummary(BaseModel):
    """The active plan in short, and how the venture stands against it by sync's last comparison."""

    plan_id: UUID
    version: int
    status: PlanStatus
    completeness_pct: Percent
    pofw_score: int | None
    target_mrr: Amount | None
    target_arr: Amount | None
    target_customers: int | None
    target_date: date | None
    saved_at: datetime
    sync_status: PlanSyncStatus | None
    last_synced_at: datetime | None


class VentureOut(BaseModel):
    """A venture. ``plan`` is null while it has none."""

    id: UUID
    organization_id: UUID
    name: str
    description: str
    stage: VentureStage
    market_type: MarketType | None
    currency: CurrencyCode
    is_cash_holding: bool
    version: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    target_mrr: Amount | None
    target_arr: Amount | None
    plan: PlanSummary | None
    allowed_actions: list[Literal["update", "archive", "unarchive"]]

    @classmethod
    def of(
        cls, venture: Venture, plan: PlanVersion | None = None, comparison: PlanComparison | None = None
    ) -> "VentureOut":
        """From the rows of the venture, its current plan version and its newest comparison."""
        summary = None if plan is None else _summary(plan, comparison)
        return cls(
            id=venture.id,
            organization_id=venture.organization_id,
            name=venture.name,
            description=venture.description,
            stage=VentureStage(venture.stage),
            market_type=None if venture.market_type is None else MarketType(venture.market_type),
            currency=venture.currency,
            is_cash_holding=venture.is_cash_holding,
            version=venture.version,
            created_at=venture.created_at,
            updated_at=venture.updated_at,
            archived_at=venture.archived_at,
            target_mrr=summary and summary.target_mrr,
            target_arr=summary and summary.target_arr,
            plan=summary,
            allowed_actions=["update", "archive"] if venture.archived_at is None else ["unarchive"],
        )


def _summary(plan: PlanVersion, comparison: PlanComparison | None) -> PlanSummary:
    targets = plan.promised()
    return PlanSummary(
        plan_id=plan.plan_id,
        version=plan.version,
        status=PlanStatus(plan.status),
        completeness_pct=plan.completeness_pct,
        pofw_score=plan.pofw_score,
        target_mrr=targets.target_mrr,
        target_arr=targets.target_arr,
        target_customers=targets.target_customers,
        target_date=targets.target_date,
        saved_at=plan.saved_at,
        sync_status=comparison.sync_status() if comparison else None,
        last_synced_at=comparison.computed_at if comparison else None,
    )
