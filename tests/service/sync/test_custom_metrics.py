"""A metric that an organization defines itself is compared like the others."""

from datetime import timedelta
from decimal import Decimal

from services.sync.operations import recompute
from shared.contracts.plans import CustomMetricTarget, Direction
from shared.contracts.sync import CustomVarianceComputed, VarianceComputed
from shared.kernel.clock import today
from shared.kernel.periods import add_months
from tests.harness.house import House
from tests.service.sync.stories import a_house_with_sync, answer

LESS = Direction.LESS_IS_BETTER


def _day():
    """Today, or the 28th at most: a day that every month has, so that months before it are whole."""
    day = today("Asia/Kuala_Lumpur")
    return day.replace(day=min(day.day, 28))


def _churn(day, **changed):
    """Churn on its way from 8 % two months ago to 2 % in ten months: 7 % today, by a straight line."""
    fields = {"key": "churn", "name": "Churn", "unit": "%", "direction": LESS, "target": Decimal(2), "path": "linear"}
    dates = {"target_date": add_months(day, 10), "baseline_date": add_months(day, -2)}
    return CustomMetricTarget.model_validate(fields | dates | {"baseline_value": Decimal(8)} | changed)


async def _current(house: House, organization, venture) -> dict:
    rows = (await answer(house, organization, f"/ventures/{venture.id}/variances?current=true"))["items"]
    return {row["metric"]: row for row in rows}


async def test_it_is_compared_with_its_path_told_and_explained(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _day()
    await house.publish(venture.plan(custom_metrics=(_churn(day),)))
    await house.settle()  # what is observed before its plan is known is compared once more, and told twice
    await house.publish(venture.metric(add_months(day, -1), "7.5", "churn"), venture.metric(day, "8.4", "churn"))
    await house.publish(venture.metric(day, "500"))
    await house.settle()

    row = (await _current(house, organization, venture))["churn"]
    assert (row["name"], row["unit"], row["direction"]) == ("Churn", "%", "less_is_better")
    assert (row["actual"], row["target"], row["final_target"]) == ("8.400000", "7.000000", "2.000000")
    assert (row["variance_pct"], row["progress_pct"], row["status"]) == ("20.00", "420.00", "LAGGING")
    assert (row["plan_version"], row["path"], row["currency"]) == (1, "linear", None)
    listed = (await answer(house, organization, f"/ventures/{venture.id}/variances?metric=churn"))["items"]
    assert [(one["observed_on"], one["status"]) for one in listed] == [
        (str(day), "LAGGING"),
        (str(add_months(day, -1)), "ON_TRACK"),
    ]

    explained = await answer(house, organization, f"/ventures/{venture.id}/variances/churn/{day}")
    assert explained["formula"] == "8.00 + (2.00 - 8.00) x 2 / 12 = 7.00"
    assert (explained["name"], explained["baseline"]["value"]) == ("Churn", "8.000000")
    back = explained["back_on_track"]
    assert (back["on_track_at"], back["change"], back["per_month"]) == ("7.350000", "-1.050000", "-0.640000")
    assert explained["observations"][0]["effective"] is True

    told = [event for event in await house.events("SYNC", CustomVarianceComputed) if event.current]
    assert [(event.metric, event.name, event.unit, event.direction) for event in told] == [
        ("churn", "Churn", "%", LESS)
    ]
    assert {event.metric.value for event in await house.events("SYNC", VarianceComputed)} == {"mrr"}
    alerts = (await answer(house, organization, "/alerts"))["items"]
    assert {alert["type"] for alert in alerts} == {"FIRST_METRIC"}, "the spec names no alert of custom metrics"
    stranger = house.client("sync", await house.organization(slug="other"))
    assert (await stranger.get(f"/ventures/{venture.id}/variances/churn/{day}")).status_code == 404


async def test_a_later_version_may_turn_change_and_remove_it(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _day()
    before = day.replace(day=1) - timedelta(days=1)
    await house.publish(venture.metric(before, "3", "churn"), venture.metric(day, "9", "churn"))
    await house.settle()
    alone = (await _current(house, organization, venture))["churn"]
    assert (alone["status"], alone["name"], alone["plan_version"]) == ("PLANNED", None, None)
    why = (await answer(house, organization, f"/ventures/{venture.id}/variances/churn/{day}"))["formula"]
    assert why == "The venture's plan promises nothing of it."

    async def after(version: int, *metrics: CustomMetricTarget) -> tuple:
        await house.publish(venture.plan(version, custom_metrics=metrics))
        await house.settle()
        row = (await _current(house, organization, venture))["churn"]
        return row["plan_version"], row["status"], row["direction"], row["name"]

    turned = _churn(day, direction=Direction.MORE_IS_BETTER, name="Staying")
    assert await after(1, _churn(day)) == (1, "LAGGING", "less_is_better", "Churn")
    assert await after(2, turned) == (2, "EXCEEDING", "more_is_better", "Staying")
    assert await after(3) == (3, "PLANNED", "more_is_better", None)
    assert await after(4, _churn(day, target=None, path=None)) == (4, "PLANNED", "less_is_better", "Churn")
    history = await answer(house, organization, f"/ventures/{venture.id}/variances/churn/{before}")
    assert (history["plan_version"], history["status"], history["name"]) == (1, "EXCEEDING", "Churn"), "it stays"


async def test_the_baseline_is_an_observation_and_a_withdrawn_one_no_longer_counts(house: House):
    organization, venture = await a_house_with_sync(house)
    day = _day()
    start = add_months(day, -2)
    await house.publish(venture.plan(custom_metrics=(_churn(day, baseline_value=None),)))
    await house.publish(venture.metric(day, "7", "churn"))
    await house.settle()
    assert Decimal((await _current(house, organization, venture))["churn"]["target"]) < 1, "it starts at 0"
    await house.publish(venture.metric(start, "8", "churn"))
    await house.settle()
    assert (await _current(house, organization, venture))["churn"]["target"] == "7.000000"
    await house.publish(venture.metric(day, "7", "churn", revision=2, withdrawn=True))
    await house.settle()
    assert (await _current(house, organization, venture))["churn"]["observed_on"] == str(start)
    gone = await house.client("sync", organization).get(f"/ventures/{venture.id}/variances/churn/{day}")
    assert gone.status_code == 404
    async with house.database("sync").transaction([organization.id]) as session:
        assert await recompute(session, organization.id) == 0
