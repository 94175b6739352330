"""The daily sync of a very large organization: ventures a second in one run, and whether memory stays flat.

Its read models are filled by PostgreSQL itself, as after many thousand events.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import psutil
import psycopg
from psycopg.types.json import Jsonb

from shared.kernel import clock
from shared.kernel.ids import new_id
from shared.kernel.periods import add_months, month_start
from trueup.bench.frame import Bench, at_least, at_most, beside

VENTURES = 100_000
LEAST_A_SECOND = 2_000
PARTS = (20, 60, 100)
"""After which percent of the ventures the process is measured."""
GROWTH_MB = 32
"""What it may grow by from the first of these to the last."""
LIMIT_S = 600.0
LOOK_S = 0.2

_FILL: Sequence[LiteralString] = (
    """
    INSERT INTO platform.organizations
      (id, version, name, slug, base_currency, time_zone, fiscal_year_start, archived)
    SELECT %(organization)s, 1, 'Hundred Thousand', 'hundred-thousand', 'MYR', 'UTC', 1, false
    """,
    """
    INSERT INTO model.ventures (organization_id, id, version, name)
    SELECT %(organization)s, uuidv7(), 1, 'Venture ' || n FROM generate_series(1, %(ventures)s) n
    """,
    """
    INSERT INTO model.plan_versions
      (organization_id, plan_id, version, venture_id, saved_at, financial_change, changed_fields, targets)
    SELECT organization_id, id, 1, id, %(saved_at)s, true, '[]', %(targets)s
    FROM model.ventures WHERE organization_id = %(organization)s
    """,
    """
    INSERT INTO model.observations
      (organization_id, venture_id, metric, observed_on, source, revision, value, currency, withdrawn, recorded_at,
       unconverted, evidence)
    SELECT organization_id, id, 'mrr', day, 'calculated', 1, 100, 'MYR', false, %(saved_at)s, '[]', '[]'
    FROM model.ventures CROSS JOIN unnest(%(days)s::date[]) day WHERE organization_id = %(organization)s
    """,
    """
    INSERT INTO owned.variances
      (organization_id, venture_id, metric, observed_on, version, source, actual, target, final_target, variance_pct,
       progress_pct, status, plan_id, plan_version, path, baseline, baseline_on, target_on, currency, current,
       plan_sync_status, withdrawn, computed_at)
    SELECT organization_id, venture_id, metric, observed_on, 1, source, 100, 100, 110, 0, 90.909091, 'ON_TRACK',
      venture_id, 1, 'linear', 100, %(today)s, %(target_on)s, 'MYR', observed_on = %(today)s,
      CASE WHEN observed_on = %(today)s THEN 'IN_SYNC' END, false, %(saved_at)s
    FROM model.observations WHERE organization_id = %(organization)s
    """,
    "ANALYZE model.ventures, model.plan_versions, model.observations, owned.variances",
)
_ASK: LiteralString = """
    INSERT INTO platform.job_runs
      (id, organization_id, job, slot, scheduled, dry_run, state, attempts, asked_at, lease_until, counts)
    VALUES (%(run)s, %(organization)s, 'daily_sync', %(today)s, false, false, 'waiting', 0, now(), now(), '{}')
"""
_STANDING: LiteralString = """
    SELECT state, coalesce((counts->>'ventures')::int, 0), counts, error,
           extract(epoch FROM finished_at - started_at)::float
    FROM platform.job_runs WHERE id = %s
"""
_EMPTY: Sequence[LiteralString] = (
    "DELETE FROM owned.errands WHERE organization_id = %(organization)s",
    "DELETE FROM owned.variances WHERE organization_id = %(organization)s",
    "DELETE FROM model.observations WHERE organization_id = %(organization)s",
    "DELETE FROM model.plan_versions WHERE organization_id = %(organization)s",
    "DELETE FROM model.ventures WHERE organization_id = %(organization)s",
    "DELETE FROM platform.job_runs WHERE organization_id = %(organization)s",
    "DELETE FROM platform.organizations WHERE id = %(organization)s",
    # at once, or autovacuum does it while other rows are measured
    "VACUUM (ANALYZE) owned.errands, owned.variances, model.observations, model.plan_versions, model.ventures",
)


async def measure_daily_sync(bench: Bench) -> None:
    """Ventures with a plan and three months of MRR, compared already: the daily sync looks, and finds nothing."""
    url = os.environ["TRUEUP_SYNC_OPERATOR_URL"]
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        given = _given(VENTURES)
        with bench.doing(f"{VENTURES:,} ventures into sync's database"):
            for statement in _FILL:
                await connection.execute(statement, given)
        try:
            await connection.execute(_ASK, given)
            before = {child.pid for child in psutil.Process().children()}
            async with bench.system.service("sync", ("http", "jobs")):
                (process,) = [child for child in psutil.Process().children() if child.pid not in before]
                seconds, sizes, counts = await _watched(connection, given["run"], process)
        finally:
            for statement in _EMPTY:
                await connection.execute(statement, given)
    if counts != {"ventures": VENTURES, "found": 0, "projections_aged": 0}:
        raise RuntimeError(f"the daily sync had to find nothing, and counted {counts}")
    bench.add(
        at_least(f"daily sync of {VENTURES:,} ventures in one run", VENTURES / seconds, "ventures/s", LEAST_A_SECOND)
    )
    for part, size in sizes.items():
        bench.add(beside(f"memory (PSS) of its process, {part} % done", size, "MB"))
    bench.add(at_most("its process grew meanwhile by", sizes[PARTS[-1]] - sizes[PARTS[0]], "MB", GROWTH_MB))


def _given(ventures: int) -> dict[str, Any]:
    """MRR of 100 at three month ends, against 110 in a year: on its way, and no alert is due."""
    now = clock.now()
    today = now.date()
    days = [month_start(add_months(today, -back)) - timedelta(days=1) for back in (1, 0)]
    targets = Jsonb(
        {
            "target_mrr": "110",
            "target_date": str(add_months(today, 12)),
            "path": "linear",
            "baseline_value": "100",
            "baseline_date": str(today),
        }
    )
    return {
        "organization": new_id(),
        "run": new_id(),
        "ventures": ventures,
        "saved_at": now,
        "today": today,
        "target_on": add_months(today, 12),
        "days": [*days, today],
        "targets": targets,
    }


async def _watched(
    connection: "psycopg.AsyncConnection[Any]", run: UUID, process: psutil.Process
) -> tuple[float, dict[int, float], dict[str, int]]:
    """Until the run is done: its seconds, the process's size after each part (MB), and what it counted."""
    sizes: dict[int, float] = {}
    async with asyncio.timeout(LIMIT_S):
        while True:
            standing = await (await connection.execute(_STANDING, [run])).fetchone()
            assert standing is not None, "it was asked for"
            state, done, counts, error, seconds = standing
            passed = [part for part in PARTS if part not in sizes and done * 100 >= part * VENTURES]
            if passed:
                size = process.memory_full_info().pss / 2**20
                sizes |= dict.fromkeys(passed, size)
            if state == "done":
                return seconds, sizes, counts
            if state == "failed":
                raise RuntimeError(f"the daily sync failed: {error}")
            await asyncio.sleep(LOOK_S)
