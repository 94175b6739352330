"""Keeping the planner's statistics fresh while tables grow from nothing.

A table that was never analysed and whose rows are narrowed twice by ``organization_id`` (by the query and by
row-level security) looks to the planner as if every index that begins with it found one row: it took an
index over all of an organization's rows instead of the primary key, and a batch of 500 raw events took
0.35 s instead of 0.02 s. Autovacuum analyses a table after a minute at the earliest; a burst or a demo is
over by then.
"""

import asyncio

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.platform.cancelling import end_if_cancelled
from shared.platform.db.edges import Database

log = structlog.get_logger()

_CHECK_SECONDS = 2.0

_GROWN = text(
    """
    SELECT quote_ident(s.schemaname) || '.' || quote_ident(s.relname)
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname IN ('owned', 'model', 'platform')
      AND s.n_mod_since_analyze > greatest(300, 0.5 * c.reltuples)
    ORDER BY 1
    """
)


async def keep_statistics(database: Database) -> None:
    """Analyse for ever what has grown by half. Replicas do not wait for each other."""
    while True:
        await asyncio.sleep(_CHECK_SECONDS)
        try:
            await analyse_grown(database)
        except (SQLAlchemyError, OSError) as error:
            end_if_cancelled()
            log.warning("statistics.not_kept", reason=repr(error))


async def analyse_grown(database: Database) -> list[str]:
    """Analyse every table that has grown by half since it last was; returns their names."""
    async with database.transaction() as session:
        tables = list(await session.scalars(_GROWN))
    for table in tables:
        async with database.transaction() as session:
            await session.execute(text(f"ANALYZE (SKIP_LOCKED) {table}"))
    return tables
