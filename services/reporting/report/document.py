"""The shape of an investor report: sections of text and of figures that name their source.

A report's document is frozen as JSON; the PDF is made from it and from nothing else. New members
may be added with a default; none may change its meaning, since old documents are read again.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["money", "percent", "months", "count", "points"]


class Frozen(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(frozen=True)


class Source(Frozen):
    """Where a figure comes from: a row by its natural key, or a calculation over other rows.

    Rows end in ``@revision``. ``of`` lists what a calculation was made of.
    """

    service: str = Field(examples=["finance"])
    kind: str = Field(examples=["metric"])
    key: str = Field(examples=["0197c7a4-5b1e-7000-8000-000000000000/mrr/2026-09-30/calculated@3"])
    of: tuple["Source", ...] = ()


class Figure(Frozen):
    """One figure: exact text of its value (null: not known), its unit, and where it comes from.

    Money is in ``currency``, rounded half-even to its exponent; percents have 2 decimals, months 4.
    """

    value: str | None
    unit: Unit
    currency: str | None = None
    source: Source | None = None


class PeriodPart(Frozen):
    """The half-open span of local days reported, and the last of them that is known."""

    label: str = Field(examples=["Q3 2026"])
    code: str = Field(examples=["2026-Q3"])
    start: date
    end: date = Field(description="Exclusive.")
    as_of: date = Field(description="The last day of the period, or the day of the report if the period is not over.")
    complete: bool = Field(description="Whether the period is over.")


class OrganizationPart(Frozen):
    """Whose report it is."""

    id: UUID
    name: str
    base_currency: str
    time_zone: str
    fiscal_year_start: int


class Sentences(Frozen):
    """The executive summary: sentences that follow from the figures."""

    sentences: tuple[str, ...]


class NotConverted(Frozen):
    """Money that no rate could convert: beside the total, never in it."""

    currency: str
    amount: Figure


class MrrPoint(Frozen):
    """The portfolio's MRR on one day."""

    day: date
    mrr: Figure


class PortfolioSection(Frozen):
    """The portfolio at the period's end, and what changed over the period."""

    mrr: Figure
    mrr_at_start: Figure
    mrr_change: Figure
    mrr_change_pct: Figure
    target_mrr: Figure
    ventures: Figure
    profitable: Figure
    growth: Figure
    pre_revenue: Figure
    average_runway: Figure
    runway_ventures: int
    alerts_by_severity: dict[str, int]
    not_converted: tuple[NotConverted, ...]
    series: tuple[MrrPoint, ...]


class StrategyPart(Frozen):
    """What the plan says. Texts are excerpts in plain text."""

    plan: str = Field(description="complete, draft or missing")
    plan_version: int | None = None
    one_liner: str | None = None
    market: str | None = None
    market_type: str | None = None
    moat: str | None = None
    tam: Figure
    sam: Figure
    som: Figure
    pofw: Figure
    completeness: Figure
    target_mrr: Figure
    target_date: date | None = None


class PerformancePart(Frozen):
    """What happened, against what was promised for that day."""

    status: str
    observed_on: date | None = None
    mrr: Figure
    target: Figure
    variance_pct: Figure
    progress_pct: Figure
    growth_pct: Figure = Field(description="MRR at the period's end against its start.")
    customers: Figure
    burn: Figure
    runway: Figure


class MonthRow(Frozen):
    """One month of a venture: the actual at its end, the promise, and the comparison made then."""

    month_end: date
    day: date = Field(description="The month's end, or the report's day in the month that is not over.")
    mrr: Figure
    target: Figure
    variance_pct: Figure
    status: str | None = None
    ahead: bool = Field(default=False, description="True after the report's day: only the promise is known.")


class AlertPart(Frozen):
    """An alert that was open at some time of the period."""

    id: UUID
    type: str
    severity: str
    status: str
    venture_id: UUID
    venture_name: str
    title: str
    message: str
    suggested_action: str
    plan_section: str | None = None
    raised_on: date
    source: Source


class VentureChapter(Frozen):
    """One venture: strategy beside performance, twelve months, and what to do next."""

    id: UUID
    name: str
    stage: str
    strategy: StrategyPart
    performance: PerformancePart
    months: tuple[MonthRow, ...]
    action: str
    alerts: tuple[AlertPart, ...] = ()


class RiskSection(Frozen):
    """The alerts of the period: what endangers a plan, and what is only worth knowing."""

    risks: tuple[AlertPart, ...]
    notices: tuple[AlertPart, ...]


class ReportDocument(Frozen):
    """A whole report. ``edition`` counts changes of the typeset templates."""

    schema_version: int = 1
    edition: int = 1
    template: str
    title: str
    organization: OrganizationPart
    period: PeriodPart
    generated_at: datetime
    summary: Sentences
    portfolio: PortfolioSection
    ventures: tuple[VentureChapter, ...]
    alerts: RiskSection
