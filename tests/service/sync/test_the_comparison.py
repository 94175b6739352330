"""A plan is saved, actuals come: what is compared, and what deviates."""

from datetime import timedelta
from decimal import Decimal

import pytest

from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.identity import Role
from shared.contracts.sync import AlertRaised, AlertResolved, AlertUpdated, ProjectionCreated, VarianceComputed
from shared.kernel.clock import today
from shared.kernel.periods import add_months
from tests.harness.house import House
from tests.service.sync.stories import a_house_with_sync, answer

pytestmark = pytest.mark.asyncio


def _today():
    return today("Asia/Kuala_Lumpur")


async def _open_alerts(house, organization):
    return {alert["type"]: alert for alert in (await answer(house, organization, "/alerts?status=open"))["items"]}


async def test_a_metric_a_quarter_under_its_target_lags_and_raises_an_alert(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _today()
    await house.publish(
        venture.plan(
            target_mrr="100000",
            target_date=add_months(day, 9),
            baseline_value="12000",
            baseline_date=add_months(day, -2),
        )
    )
    await house.settle()
    await house.publish(venture.metric(add_months(day, -2), "12000"), venture.metric(day, "13500"))
    await house.settle()

    current = (await answer(house, organization, f"/ventures/{venture.id}/variances?current=true"))["items"]
    assert len(current) == 1
    assert current[0]["observed_on"] == day.isoformat()
    assert current[0]["status"] == "LAGGING"
    assert current[0]["path"] == "compound"
    assert current[0]["plan_sync_status"] == "ACTUAL_BELOW_TARGET"
    assert current[0]["plan_version"] == 1

    alerts = await _open_alerts(house, organization)
    assert set(alerts) == {"MRR_BELOW_TARGET"}
    alert = alerts["MRR_BELOW_TARGET"]
    assert alert["severity"] == "WARNING"
    assert alert["related_plan_section"] == "gtm_strategy"
    assert "MYR 13,500.00" in alert["message"]
    assert " % below the pro-rated target of MYR" in alert["message"]

    explained = await answer(house, organization, f"/ventures/{venture.id}/variances/mrr/{day}")
    assert explained["formula"].startswith("12000.00 x (100000.00 / 12000.00) ^ (2 / 11) = ")
    assert explained["baseline"]["value"] == "12000.000000"
    assert explained["observations"][0]["evidence"] == ["subscription:sub_1"]
    assert explained["observations"][0]["effective"] is True
    assert explained["plan_version_at"] == f"ventures/{venture.id}/plan/versions/1"
    back = explained["back_on_track"]
    target = Decimal(explained["target"])
    assert Decimal(back["on_track_at"]) == (target * Decimal("0.95")).quantize(Decimal("0.000001"))
    assert Decimal(back["change"]) == Decimal(back["on_track_at"]) - 13500
    assert f" leads to 100000.00 on {add_months(day, 9)}." in back["says"]
    promised = await answer(house, organization, f"/ventures/{venture.id}/variances/mrr/{add_months(day, -2)}")
    assert promised["back_on_track"] is None, "it is on track"

    told = await house.events("SYNC", VarianceComputed)
    assert [(one.observed_on, one.version, one.current) for one in told][-2:] != []
    assert len(await house.events("SYNC", AlertRaised)) == 1


async def test_a_metric_may_come_before_its_plan_and_both_before_their_organization(house: House):
    await house.start("sync")
    from tests.harness.house import Organization  # noqa: PLC0415 - this organization is not told of yet
    from tests.service.sync.stories import Venture  # noqa: PLC0415

    organization = Organization()
    venture = Venture(organization.id)
    await house.publish(venture.metric(_today(), "500"))
    await house.settle()
    await house.publish(venture.plan(target_mrr="100000", target_date=add_months(_today(), 12), baseline_value="0"))
    await house.settle()
    assert await house.events("SYNC") == []
    await house.publish(organization.created(), venture.created())
    await house.settle()

    current = (await answer(house, organization, f"/ventures/{venture.id}/variances?current=true"))["items"]
    assert [row["actual"] for row in current] == ["500.000000"]
    alerts = await _open_alerts(house, organization)
    assert alerts["FIRST_METRIC"]["message"] == (
        f"First MRR of MYR 500.00 on {_today()}: 0.5 % toward the target of MYR 100,000.00."
    )


async def test_an_alert_follows_the_severity_and_resolves_itself(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _today()
    await house.publish(venture.plan(expected_burn_rate="1000"))
    await house.settle()
    for revision, burn, severity in ((1, "1151", "WARNING"), (2, "1301", "CRITICAL"), (3, "1300", "WARNING")):
        await house.publish(venture.metric(day, burn, MetricKind.BURN_RATE, revision=revision))
        await house.settle()
        assert (await _open_alerts(house, organization))["BURN_EXCEEDS_FORECAST"]["severity"] == severity
    await house.publish(venture.metric(day, "1150", MetricKind.BURN_RATE, revision=4))
    await house.settle()
    assert await _open_alerts(house, organization) == {}
    told = [type(event).__name__ for event in await house.events("SYNC") if "Alert" in type(event).__name__]
    assert told == ["AlertRaised", "AlertUpdated", "AlertUpdated", "AlertResolved"]
    resolved = (await answer(house, organization, "/alerts?status=resolved"))["items"][0]
    history = (await answer(house, organization, f"/alerts/{resolved['id']}"))["history"]
    assert [entry["change"] for entry in history] == ["raised", "updated", "updated", "resolved"]


async def test_back_dated_history_is_compared_silently(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _today()
    last_year = add_months(day, -12)
    await house.publish(
        venture.plan(
            target_mrr="100000", target_date=add_months(day, 12), baseline_value="90000", baseline_date=last_year
        )
    )
    await house.publish(*[venture.metric(last_year + timedelta(days=7 * week), "100") for week in range(40)])
    await house.settle()
    found = (await answer(house, organization, f"/ventures/{venture.id}/variances?limit=200"))["items"]
    assert len(found) == 40
    assert {row["status"] for row in found} == {"LAGGING"}
    assert await _open_alerts(house, organization) == {}


async def test_dismissed_stays_quiet_until_the_severity_rises(house: House):
    organization, venture = await a_house_with_sync(house)
    await house.publish(venture.metric(_today(), "5.5", MetricKind.RUNWAY_MONTHS))
    await house.settle()
    alert = (await _open_alerts(house, organization))["RUNWAY_LOW"]
    assert alert["allowed_actions"] == ["dismiss"]
    viewer = house.client("sync", organization, Role.VIEWER)
    assert (await viewer.post(f"/alerts/{alert['id']}/dismiss")).status_code == 403
    client = house.client("sync", organization)
    answered = await client.post(f"/alerts/{alert['id']}/dismiss", json={"reason": "a round closes next week"})
    assert answered.status_code == 200, answered.text
    assert answered.json()["history"][-1]["reason"] == "a round closes next week"
    again = await client.post(f"/alerts/{alert['id']}/dismiss")
    assert again.status_code == 409
    assert again.json()["code"] == "alert_not_open"

    await house.publish(venture.metric(_today(), "4.5", MetricKind.RUNWAY_MONTHS, revision=2))
    await house.settle()
    assert await _open_alerts(house, organization) == {}
    await house.publish(venture.metric(_today(), "3.9", MetricKind.RUNWAY_MONTHS, revision=3))
    await house.settle()
    assert (await _open_alerts(house, organization))["RUNWAY_LOW"]["severity"] == "CRITICAL"
    await house.publish(venture.metric(_today(), "4.1", MetricKind.RUNWAY_MONTHS, revision=4))
    await house.settle()
    assert await _open_alerts(house, organization) == {}


async def test_a_financial_change_outdates_the_projection_and_regenerating_resolves_it(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _today()
    targets = {"target_date": add_months(day, 11), "baseline_value": "12000", "baseline_date": day}
    await house.publish(venture.plan(target_mrr="100000", expected_burn_rate="5000", **targets))
    await house.publish(venture.metric(day, "90000", MetricKind.CASH))
    await house.settle()
    projections = (await answer(house, organization, f"/ventures/{venture.id}/projections"))["items"]
    assert [(one["name"], one["status"]) for one in projections] == [("Business plan baseline (v1)", "ACTIVE")]
    first = projections[0]
    assert len(first["months"]) == 11
    assert first["months"][-1]["revenue"] == "100000.000000"
    assert first["start_cash"] == "90000.000000"
    assert first["required_growth_rate"] == "0.2126"
    assert first["assumptions"]["payroll_share"] == {"value": "0.5", "origin": "default"}

    await house.publish(venture.plan(2, target_mrr="120000", **targets))
    await house.publish(venture.metric(day, "12500"))
    await house.settle()
    alert = (await _open_alerts(house, organization))["PROJECTION_OUTDATED"]
    assert alert["suggested_action"] == "Regenerate projections."
    assert "Plan v2 changed target_mrr" in alert["message"]

    client = house.client("sync", organization)
    made = await client.post(f"/ventures/{venture.id}/projections")
    assert made.status_code == 201, made.text
    assert made.json()["name"] == "Business plan baseline (v2)"
    assert made.json()["start_revenue"] == "12500.000000"
    await house.settle()
    assert "PROJECTION_OUTDATED" not in await _open_alerts(house, organization)
    pair = await answer(
        house, organization, f"/ventures/{venture.id}/projections/compare?a={first['id']}&b={made.json()['id']}"
    )
    assert [pair["a"]["status"], pair["b"]["status"]] == ["OUTDATED", "ACTIVE"]
    assert len(pair["months"]) == 11
    assert len(await house.events("SYNC", ProjectionCreated)) >= 2


async def test_a_changed_plan_compares_the_open_month_again_but_no_closed_history(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _today()
    old = add_months(day, -2)
    targets = {"target_date": add_months(day, 6), "baseline_value": "100", "baseline_date": add_months(day, -6)}
    await house.publish(venture.plan(target_mrr="1000", **targets))
    await house.publish(venture.metric(old, "200"), venture.metric(day, "300"))
    await house.settle()
    await house.publish(venture.plan(2, target_mrr="2000", **targets))
    await house.settle()
    found = (await answer(house, organization, f"/ventures/{venture.id}/variances?metric=mrr"))["items"]
    assert {row["observed_on"]: row["plan_version"] for row in found} == {day.isoformat(): 2, old.isoformat(): 1}


async def test_an_override_beats_what_is_calculated_and_gives_way_when_withdrawn(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _today()
    path = f"/ventures/{venture.id}/variances?current=true&metric=mrr"
    await house.publish(
        venture.metric(day - timedelta(days=1), "90"),
        venture.metric(day, "100"),
        venture.metric(day, "110", source=MetricSource.OVERRIDE),
    )
    await house.settle()
    assert (await answer(house, organization, path))["items"][0]["actual"] == "110.000000"
    await house.publish(venture.metric(day, "110", source=MetricSource.OVERRIDE, revision=2, withdrawn=True))
    await house.settle()
    assert (await answer(house, organization, path))["items"][0]["actual"] == "100.000000"
    await house.publish(venture.metric(day, "100", revision=2, withdrawn=True))
    await house.settle()
    shown = (await answer(house, organization, path))["items"]
    assert [(row["observed_on"], row["actual"]) for row in shown] == [
        ((day - timedelta(days=1)).isoformat(), "90.000000")
    ]


async def test_an_archived_venture_has_no_open_alerts(house: House):
    organization, venture = await a_house_with_sync(house)
    await house.publish(venture.metric(_today(), "3", MetricKind.RUNWAY_MONTHS))
    await house.settle()
    assert set(await _open_alerts(house, organization)) == {"RUNWAY_LOW"}
    await house.publish(venture.archived())
    await house.settle()
    assert await _open_alerts(house, organization) == {}
    assert len(await house.events("SYNC", AlertResolved)) == 1
    assert await house.events("SYNC", AlertUpdated) == []
