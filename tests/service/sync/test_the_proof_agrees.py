"""What ``trueup verify`` computes by its own SQL is what the rules say, for random plans and observations."""

import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from services.sync.comparison.rules import baseline_series
from services.sync.observation.rules import Observation, Series, effective
from services.sync.plan_version.rules import PlanVersion, timeline
from services.sync.quantities import stored_figure_or_none
from services.sync.variance.rules import compare
from shared.contracts.finance import MetricObservation
from shared.contracts.plans import PlanState
from shared.kernel.clock import now
from shared.kernel.periods import local_date
from tests.harness.house import Organization
from tests.service.sync.stories import Venture
from tests.service.sync.test_any_order import METRICS, metrics_of, plans_of
from trueup.verify.scratch import SQL

ZONE = "Asia/Kuala_Lumpur"
NEARLY = Decimal("0.000001")
VENTURES = 30

INPUTS = """
CREATE TEMP TABLE clock (now timestamptz);
CREATE TEMP TABLE currency (code text, iso int, stripe int);
CREATE TEMP TABLE organization (id uuid, slug text, base_currency text, time_zone text);
CREATE TEMP TABLE venture (organization_id uuid, id uuid, name text, archived boolean);
CREATE TEMP TABLE plan_version (organization_id uuid, venture_id uuid, plan_id uuid, version bigint,
                                saved_at timestamptz, financial_change boolean, targets jsonb);
CREATE TEMP TABLE metric (organization_id uuid, venture_id uuid, metric text, observed_on date, value numeric);
CREATE TEMP TABLE manual_metric (LIKE metric);
ALTER TABLE manual_metric ADD source text;
CREATE TEMP TABLE alert_limit (organization_id uuid, scope_id uuid, limits jsonb);
CREATE TEMP TABLE stored_alert (organization_id uuid, id uuid, venture_id uuid, version bigint, type text,
                                severity text, status text, observed_on date, quiet_month date);
"""
COMPARED = """
SELECT metric, observed_on, source, value, plan_version::int, status, final, target, variance_pct, progress_pct
FROM compared WHERE venture_id = %s
"""


@pytest.fixture
def pad(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, options="-c timezone=UTC") as connection:
        connection.execute(INPUTS)
        connection.execute("INSERT INTO clock VALUES (%s)", [now()])
        yield connection
        connection.rollback()


def _held(events: list[MetricObservation]) -> dict[Series, dict[Any, list[Observation]]]:
    """What finance holds in the end: the highest revision of each."""
    newest: dict[tuple[Any, ...], MetricObservation] = {}
    for event in sorted(events, key=lambda event: event.revision):
        newest[event.natural_key] = event
    held: dict[Series, dict[Any, list[Observation]]] = defaultdict(lambda: defaultdict(list))
    for one in newest.values():
        if not one.withdrawn:
            observation = Observation(one.observed_on, one.source, one.revision, one.value)
            held[Series(one.organization_id, one.venture_id, str(one.metric))][one.observed_on].append(observation)
    return held


def _fill(pad: psycopg.Connection[Any], plans: list[PlanState], metrics: list[MetricObservation]) -> None:
    for plan in plans:
        targets = plan.targets.model_dump_json()
        key = (plan.organization_id, plan.venture_id, plan.plan_id, plan.version, plan.saved_at)
        pad.execute("INSERT INTO plan_version VALUES (%s, %s, %s, %s, %s, false, %s)", (*key, targets))
    for series, days in _held(metrics).items():
        for day, same_day in days.items():
            for one in same_day:
                place = (series.organization_id, series.venture_id, series.metric, day, one.value)
                if one.source == "calculated":
                    pad.execute("INSERT INTO metric VALUES (%s, %s, %s, %s, %s)", place)
                else:
                    pad.execute("INSERT INTO manual_metric VALUES (%s, %s, %s, %s, %s, %s)", (*place, one.source.value))


def _by_the_rules(plans: list[PlanState], metrics: list[MetricObservation]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    versions = [
        PlanVersion(plan.plan_id, plan.version, local_date(plan.saved_at, ZONE), plan.targets) for plan in plans
    ]
    counts = {
        series: {day: one for day, same_day in days.items() if (one := effective(same_day))}
        for series, days in _held(metrics).items()
    }
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for series, days in counts.items():
        for day, one in days.items():
            promise = timeline(series.metric, versions).at(day)
            start = None
            if promise is not None and promise.baseline is not None:
                giving = counts.get(baseline_series(series, promise.baseline), {})
                start = giving.get(max((on for on in giving if on <= promise.baseline.on), default=None))
            said = compare(day, one.value, promise, start.value if start else None)
            figures = (said.final_target, said.target, said.variance, said.progress)
            found[series.metric, day] = (
                *(one.source.value, one.value, promise.plan_version if promise else None, said.status.value),
                *map(stored_figure_or_none, figures),
            )
    return found


def test_the_proofs_own_sql_compares_as_the_rules_do(pad: psycopg.Connection[Any]) -> None:
    chance = random.Random(5)
    organization = Organization()
    pad.execute("INSERT INTO organization VALUES (%s, 'acme', 'MYR', %s)", (organization.id, ZONE))
    expected = {}
    for number in range(VENTURES):
        venture = Venture(organization.id, f"Kopi {number}")
        plans, metrics = plans_of(chance, venture), metrics_of(chance, venture, 120)
        pad.execute("INSERT INTO venture VALUES (%s, %s, %s, false)", (organization.id, venture.id, venture.name))
        _fill(pad, plans, metrics)
        expected[venture.id] = _by_the_rules(plans, metrics)
    for step in ("10_words", "70_comparison"):
        pad.execute((SQL / "steps" / f"{step}.sql").read_text(encoding="utf-8"))
    seen = set()
    for venture_id, rules in expected.items():
        rows = pad.execute(COMPARED, [venture_id]).fetchall()
        assert {(metric, day) for metric, day, *_rest in rows} == rules.keys()
        for metric, day, source, value, version, status, *figures in rows:
            said = rules[metric, day]
            assert (source, value, version, status) == said[:4], (metric, day, said)
            for one, other in zip(figures, said[4:], strict=True):
                assert (one is None) == (other is None), (metric, day, figures, said)
                assert one is None or abs(one - other) <= NEARLY, (metric, day, figures, said)
            seen.add((metric, status))
    assert {metric for metric, _status in seen} == set(METRICS)
    assert len({status for metric, status in seen if metric in ("nps", "churn")}) >= 4
