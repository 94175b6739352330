"""Events of reporting: investor reports."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind


class ReportReady(Event, type="report.ready", kind=Kind.SNAPSHOT, key=("report_id",), sequence="version"):
    """An investor report is frozen and can be read. ``sha256`` is the PDF's."""

    report_id: UUID
    version: int = Field(ge=1)
    template: str
    period_start: date
    period_end: date
    sha256: str
    ready_at: datetime
