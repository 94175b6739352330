"""Every alert that existing data feed: limits, trends, milestones, stale plans, and what a new month does."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.finance import MetricKind
from shared.contracts.identity import Role
from shared.contracts.plans import MilestoneReached
from shared.contracts.sync import AlertRaised
from shared.kernel import clock
from shared.kernel.ids import new_id
from shared.kernel.periods import add_months, month_end, month_start
from tests.harness.house import House
from tests.service.sync.stories import Venture, a_house_with_sync, answer

pytestmark = pytest.mark.asyncio

ZONE = "Asia/Kuala_Lumpur"


def _today():
    return clock.today(ZONE)


async def _open_alerts(house, organization):
    return {alert["type"]: alert for alert in (await answer(house, organization, "/alerts?status=open"))["items"]}


@pytest.fixture
def on(monkeypatch):
    """Let it be noon of another day, for every process."""

    def set_day(day: date) -> None:
        monkeypatch.delenv(clock.OFFSET_VARIABLE, raising=False)
        ahead = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(ZONE)) - clock.now()
        monkeypatch.setenv(clock.OFFSET_VARIABLE, str(int(ahead.total_seconds())))

    return set_day


async def test_unit_economics_and_limits_of_the_organization_and_the_venture(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _today()
    plan = venture.plan(
        expected_cac="100",
        expected_ltv="1000",
        expected_payback_months="10",
        expected_runway_months="20",
        target_customers=100,
        target_date=day,
    )
    figures = {
        MetricKind.CAC: "116",
        MetricKind.LTV: "849",
        MetricKind.PAYBACK_MONTHS: "13.1",
        MetricKind.RUNWAY_MONTHS: "16.9",
        MetricKind.CUSTOMERS: "80",
    }
    await house.publish(plan, *[venture.metric(day, value, kind) for kind, value in figures.items()])
    await house.settle()
    alerts = await _open_alerts(house, organization)
    assert {kind: alert["severity"] for kind, alert in alerts.items()} == {
        "CAC_ABOVE_PLAN": "WARNING",
        "LTV_BELOW_PLAN": "WARNING",
        "PAYBACK_ABOVE_PLAN": "CRITICAL",
        "RUNWAY_BELOW_PLAN": "WARNING",
        "CUSTOMERS_BELOW_TARGET": "WARNING",
    }

    admin = house.client("sync", organization, Role.ADMIN)
    limits = {"CAC_ABOVE_PLAN": {"warning": "20"}, "LTV_BELOW_PLAN": {"enabled": False}}
    answered = await admin.put("/alert-limits", json={"limits": limits})
    assert answered.status_code == 200, answered.text
    assert answered.json()["in_force"]["CAC_ABOVE_PLAN"] == {"warning": "20", "critical": "30", "enabled": True}
    assert set(await _open_alerts(house, organization)) == set(alerts) - set(limits)
    mine = {"limits": {"CAC_ABOVE_PLAN": {"warning": "10", "critical": "15"}}}
    answered = await admin.put(f"/ventures/{venture.id}/alert-limits", json=mine)
    assert answered.status_code == 200, answered.text
    assert (await _open_alerts(house, organization))["CAC_ABOVE_PLAN"]["severity"] == "CRITICAL"
    await house.publish(venture.metric(day, "114", MetricKind.CAC, revision=2))
    await house.settle()
    assert (await _open_alerts(house, organization))["CAC_ABOVE_PLAN"]["severity"] == "WARNING"

    for refused in (
        {"limits": {"CAC_ABOVE_PLAN": {"warning": "40"}}},
        {"limits": {"FIRST_METRIC": {"enabled": False}}},
        {"limits": {"TARGET_AT_RISK": {"critical": "40"}}},
        {"limits": {"CAC_ABOVE_PLAN": {"warning": "0"}}},
        {"limits": {"CAC_ABOVE_PLAN": {"warning": 20.5}}},
    ):
        assert (await admin.put("/alert-limits", json=refused)).status_code == 422, refused
    stale = await admin.put("/alert-limits", json={"limits": {}}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 1)
    member = house.client("sync", organization, Role.MEMBER)
    assert (await member.put("/alert-limits", json={"limits": {}})).status_code == 403
    stranger = house.client("sync", await house.organization(slug="other"))
    await house.settle()
    assert (await stranger.get(f"/ventures/{venture.id}/alert-limits")).status_code == 404
    assert (await stranger.get("/alert-limits")).json()["version"] == 0


async def test_a_trend_that_misses_the_target_puts_it_at_risk_with_its_forecast(house: House):
    organization, venture = await a_house_with_sync(house)
    today = _today()
    target_on = month_end(add_months(today, 6))
    months = [month_end(add_months(today, -back)) for back in range(5, 0, -1)]
    values = [10000, 10200, 10404, 10612, 10824]
    await house.publish(*[venture.metric(day, value) for day, value in zip(months, values, strict=True)])
    targets = {"target_mrr": "60000", "target_date": target_on, "baseline_value": "10000", "baseline_date": months[0]}
    await house.publish(venture.plan(**targets))
    await house.settle()
    assert await _open_alerts(house, organization) == {}, "closed months raise nothing"

    await house.publish(venture.metric(today, "10900"))
    await house.settle()
    alert = (await _open_alerts(house, organization))["TARGET_AT_RISK"]
    assert alert["severity"] == "WARNING"
    assert alert["related_plan_section"] == "financials"
    forecast = alert["forecast"]
    assert forecast["on"] == str(target_on)
    assert Decimal(forecast["low"]) <= Decimal(forecast["value"]) <= Decimal(forecast["high"]) < 13000
    assert "a month) MRR will be MYR" in alert["message"]
    assert "below the target of MYR 60,000.00 (plan v1)" in alert["message"]
    told = [event for event in await house.events("SYNC", AlertRaised) if event.type == "TARGET_AT_RISK"]
    assert len(told) == 1
    assert str(told[0].forecast.value) == forecast["value"]

    # The same again says nothing new; another plan brings target and course together.
    await house.publish(venture.metric(today, "10900", revision=2))
    await house.settle()
    assert (await _open_alerts(house, organization))["TARGET_AT_RISK"]["version"] == alert["version"]
    await house.publish(venture.plan(2, **{**targets, "target_mrr": "12500"}))
    await house.settle()
    assert "TARGET_AT_RISK" not in await _open_alerts(house, organization)


async def test_a_new_month_ends_news_wakes_the_dismissed_and_makes_an_untouched_plan_stale(house: House, on):
    organization, venture = await a_house_with_sync(house)
    first = add_months(month_start(_today()), 1).replace(day=10)
    on(first)
    targets = {"target_mrr": "100000", "target_date": add_months(first, 12), "baseline_value": "10000"}
    await house.publish(venture.plan(**targets), venture.metric(first, "5000"))
    milestone = MilestoneReached(
        organization_id=organization.id,
        milestone_id=new_id(),
        venture_id=venture.id,
        name="First customers",
        metric="customers",
        actual=Decimal(12),
        reached_on=first,
        reached_at=clock.now(),
    )
    await house.publish(milestone)
    await house.settle()
    alerts = await _open_alerts(house, organization)
    assert set(alerts) == {"FIRST_METRIC", "MRR_BELOW_TARGET", "MILESTONE_REACHED"}
    assert alerts["MILESTONE_REACHED"]["message"] == f'"First customers" was reached on {first}: customers 12.'
    client = house.client("sync", organization)
    assert (await client.post(f"/alerts/{alerts['MRR_BELOW_TARGET']['id']}/dismiss")).status_code == 200
    last = month_end(first)
    on(last)
    await house.publish(venture.metric(last, "5000"))
    await house.settle()
    assert "MRR_BELOW_TARGET" not in await _open_alerts(house, organization), "dismissed for the month"

    on(last + timedelta(days=1))
    await house.publish(venture.metric(last + timedelta(days=1), "5000"))
    await house.settle()
    assert set(await _open_alerts(house, organization)) == {"MRR_BELOW_TARGET"}

    stale_from = first + timedelta(days=90)
    for day in (stale_from - timedelta(days=1), stale_from):
        on(day)
        await house.publish(venture.metric(day, "5000"))
        await house.settle()
        assert ("PLAN_STALE" in await _open_alerts(house, organization)) is (day == stale_from)
    await house.publish(venture.plan(2, **targets))
    await house.settle()
    await house.publish(venture.metric(stale_from, "5001", revision=2))
    await house.settle()
    assert "PLAN_STALE" not in await _open_alerts(house, organization)


async def test_month_ends_are_those_of_the_organizations_time_zone(house: House, monkeypatch):
    # 16:30 UTC of a month's last day is the first of the next month in Kuala Lumpur, and not yet in Lima.
    last = month_end(add_months(_today(), 1))
    ahead = datetime(last.year, last.month, last.day, 16, 30, tzinfo=ZoneInfo("UTC")) - clock.now()
    monkeypatch.setenv(clock.OFFSET_VARIABLE, str(int(ahead.total_seconds())))
    await house.start("sync")
    found = {}
    for zone in (ZONE, "America/Lima"):
        organization = await house.organization(time_zone=zone, slug=zone[-4:].lower())
        venture = Venture(organization.id)
        await house.publish(venture.created(), venture.metric(last, "3", MetricKind.RUNWAY_MONTHS))
        await house.settle()
        found[zone] = set(await _open_alerts(house, organization))
    assert found == {ZONE: set(), "America/Lima": {"RUNWAY_LOW"}}
