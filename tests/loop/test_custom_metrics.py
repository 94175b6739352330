"""A metric that an organization defines itself: from the front door through finance and sync, and back to its plan."""

from datetime import timedelta

from tests.loop.histories import NOW
from tests.loop.people import Outside
from tests.loop.system import System
from trueup.demo.door import NOT_YET, until

NPS = {"key": "nps", "name": "Net promoter score", "unit": "points", "target": "60", "path": "linear"}


async def test_a_custom_metric_is_planned_observed_compared_and_proved(system: System, door: Outside):
    tenant = await door.tenant(connection=False)
    today = NOW.date()
    dates = {"baseline_value": "20", "baseline_date": str(today - timedelta(days=120)), "target_date": str(today)}
    venture = await tenant.venture("Kopi Custom", {"custom_metrics": [NPS | dates]})

    async def enter(days_ago: int, value: str) -> None:
        body = {"metric": "nps", "observed_on": str(today - timedelta(days=days_ago)), "value": value}
        path = f"{tenant.path}/ventures/{venture}/metrics"
        await tenant.door.patiently("POST", path, tenant.owner, body, not_yet=(*NOT_YET, 422))

    await enter(30, "31.5")
    await enter(1, "45")

    async def compared() -> dict | None:
        rows = (await tenant.get(f"ventures/{venture}/variances?metric=nps&current=true"))["items"]
        # sync may hear of the actual before it hears of the plan, and compares once more then
        day = str(today - timedelta(days=1))
        return next((row for row in rows if row["observed_on"] == day and row["plan_version"]), None)

    row = await until(compared, "the comparison")
    assert (row["name"], row["unit"], row["status"], row["plan_version"]) == (NPS["name"], "points", "LAGGING", 1)
    why = await tenant.get(f"ventures/{venture}/variances/nps/{row['observed_on']}")
    figure = await tenant.get(why["observations"][0]["evidence"][0])
    assert figure["effective"]["value"] == row["actual"] == "45.000000"
    assert why["formula"].startswith("20.00 + (60.00 - 20.00) x ")
    system.settle()  # verify recomputes every comparison by its own SQL
    friends = {"name": "Most would tell a friend", "metric": "nps", "threshold": "40"}
    reached = await tenant.post(f"ventures/{venture}/milestones", friends)
    assert reached["reached_on"] == str(today - timedelta(days=1))

    before = system.figures(slug=tenant.slug)
    told = [figure for figure in before if figure.get("metric") == "nps"]
    assert {figure["figure"] for figure in told} == {"finance.metric", "sync.variance"}
    assert len(told) == 4
    for service in ("finance", "sync"):
        assert ", 0 differences" in system.trueup("rebuild", "--service", service).stdout
    assert system.figures(slug=tenant.slug) == before
    await enter(0, "50")
    system.settle()
