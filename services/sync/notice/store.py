"""SQL of notices."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.errand.models import NOTICE
from services.sync.notice.models import Notice
from shared.platform.db.driver import Statement, later, nothing

_WRITE = f"""
    WITH noted AS (
        INSERT INTO notices (
            organization_id, id, cause, venture_id, type, severity, title, message, suggested_action, alert_type,
            alert_id, related_plan_section, metric, observed_on, variance_pct, plan_version, needs_role, created_at
        )
        SELECT * FROM json_to_recordset(%s::json) AS given (
            organization_id uuid, id uuid, cause text, venture_id uuid, type text, severity text, title text,
            message text, suggested_action text, alert_type text, alert_id uuid, related_plan_section text,
            metric text, observed_on date, variance_pct numeric, plan_version bigint, needs_role text,
            created_at timestamptz
        )
        ON CONFLICT (organization_id, cause) DO NOTHING
        RETURNING organization_id, id, created_at
    )
    INSERT INTO errands (id, kind, organization_id, due_at)
    SELECT id, '{NOTICE}', organization_id, created_at FROM noted
    """  # noqa: S608 - a constant of ours


async def write(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write notices and the errands to spread them, in one statement that travels with the next one."""
    await later(session, Statement(_WRITE.encode(), (orjson.dumps(rows, default=str).decode(),), nothing))


async def notices_by_id(session: AsyncSession, keys: Collection[tuple[UUID, UUID]]) -> list[Notice]:
    """Some notices of (organization, id), oldest first."""
    statement = select(Notice).where(
        Notice.organization_id.in_({organization for organization, _id in keys}),
        Notice.id.in_({identity for _organization, identity in keys}),
    )
    return list(await session.scalars(statement.order_by(Notice.created_at, Notice.id)))
