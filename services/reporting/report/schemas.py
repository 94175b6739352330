"""What goes in and out of the reports' endpoints."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.reporting.report.document import ReportDocument
from services.reporting.report.models import Report
from shared.platform.http.bodies import Answer, Body


class NewReport(Body):
    """Which report to make."""

    template: Literal["quarterly", "monthly"] = "quarterly"
    period: Annotated[
        str,
        Field(
            min_length=1,
            max_length=20,
            examples=["2026-Q3", "2026-09"],
            description="A fiscal quarter of the organization for `quarterly`, a month for `monthly`; "
            "a fiscal year is named by the calendar year in which it ends.",
        ),
    ]


class ReportPeriod(Answer):
    """The days reported: half-open, and the last one of which figures were known."""

    code: str
    label: str
    start: date
    end: date = Field(description="Exclusive.")
    as_of: date


class ReportLinks(Answer):
    """Where the report can be read, relative to the gateway."""

    json_: str = Field(serialization_alias="json", validation_alias="json")
    pdf: str


class ReportSummary(Answer):
    """A report in a list."""

    id: UUID
    status: Literal["ready"]
    template: Literal["quarterly", "monthly"]
    period: ReportPeriod
    sha256: str = Field(description="Of the PDF's bytes.")
    created_at: datetime
    created_by: UUID | None = Field(description="Null: the job that mails the ended month's report made it.")
    links: ReportLinks

    @classmethod
    def of(cls, report: Report) -> "ReportSummary":
        """The public members of a report."""
        return cls.model_validate(_members(report))


class ReportOut(ReportSummary):
    """A whole report: every figure with the row it came from."""

    document: ReportDocument

    @classmethod
    def whole(cls, report: Report) -> "ReportOut":
        """A report whose document is loaded."""
        return cls.model_validate(_members(report) | {"document": report.document})


def _members(report: Report) -> dict[str, object]:
    path = f"/v1/organizations/{report.organization_id}/reports/{report.id}"
    return {
        "id": report.id,
        "status": report.status,
        "template": report.template,
        "period": {
            "code": report.period_code,
            "label": report.period_label,
            "start": report.period_start,
            "end": report.period_end,
            "as_of": report.as_of,
        },
        "sha256": report.sha256,
        "created_at": report.created_at,
        "created_by": report.created_by,
        "links": {"json": path, "pdf": f"{path}/pdf"},
    }
