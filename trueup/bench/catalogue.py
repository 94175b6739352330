"""Everything that is measured, in its order."""

from trueup.bench.alerts import measure_alerts, measure_bands
from trueup.bench.burst import measure_burst
from trueup.bench.daily_sync import measure_daily_sync
from trueup.bench.frame import Measure, Stage
from trueup.bench.gateway import measure_added_latency, measure_dashboard, measure_people
from trueup.bench.growth import measure_little_history, measure_much_history
from trueup.bench.latency import measure_latency
from trueup.bench.membership import measure_removal
from trueup.bench.planning import measure_plan
from trueup.bench.rebuild import measure_rebuild
from trueup.bench.report import measure_report
from trueup.bench.startup import measure_memory, measure_start
from trueup.bench.webhooks import (
    measure_webhooks_alone,
    measure_webhooks_beside_the_loop,
    measure_webhooks_through_the_gateway,
)

MEASURES = (
    Measure("alerts", Stage.ENGINES, measure_alerts, beside_limits=False),
    Measure("bands", Stage.ENGINES, measure_bands, beside_limits=False),
    Measure("webhooks.alone", Stage.ENGINES, measure_webhooks_alone),
    Measure("rebuild", Stage.ENGINES, measure_rebuild, beside_limits=False),
    Measure("daily_sync", Stage.ENGINES, measure_daily_sync, beside_limits=False),
    Measure("start", Stage.WHOLE, measure_start, beside_limits=False),
    Measure("memory", Stage.WHOLE, measure_memory, beside_limits=False),
    Measure("gateway.added", Stage.WHOLE, measure_added_latency, beside_limits=False),
    Measure("gateway.dashboard", Stage.WHOLE, measure_dashboard, beside_limits=False),
    Measure("gateway.people", Stage.WHOLE, measure_people, beside_limits=False),
    Measure("report", Stage.WHOLE, measure_report, beside_limits=False),
    Measure("growth.little", Stage.WHOLE, measure_little_history),
    Measure("webhooks.loop", Stage.WHOLE, measure_webhooks_beside_the_loop),
    Measure("webhooks.gateway", Stage.WHOLE, measure_webhooks_through_the_gateway),
    Measure("burst", Stage.WHOLE, measure_burst),
    Measure("latency", Stage.WHOLE, measure_latency),
    Measure("plan", Stage.WHOLE, measure_plan),
    Measure("membership", Stage.WHOLE, measure_removal, beside_limits=False),
    Measure("growth.much", Stage.WHOLE, measure_much_history),
)
