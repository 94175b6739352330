"""All SQL of reports."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from services.reporting.report.models import Report


def listed(organization_id: UUID) -> Select[Report]:
    """The organization's reports, without their documents and PDFs."""
    return select(Report).where(Report.organization_id == organization_id)


async def find(session: AsyncSession, organization_id: UUID, report_id: UUID) -> Report | None:
    """A report with its document."""
    statement = listed(organization_id).where(Report.id == report_id).options(undefer(Report.document))
    return (await session.scalars(statement)).one_or_none()


async def find_pdf(session: AsyncSession, organization_id: UUID, report_id: UUID) -> Report | None:
    """A report with its PDF."""
    statement = listed(organization_id).where(Report.id == report_id).options(undefer(Report.pdf))
    return (await session.scalars(statement)).one_or_none()
