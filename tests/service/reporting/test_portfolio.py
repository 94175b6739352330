import random
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from services.reporting import operations
from services.reporting.portfolio import store, use_cases
from services.reporting.portfolio.models import MetricRow
from shared.contracts.finance import MetricKind, MetricSource, UnconvertedAmount
from shared.contracts.identity import ApiKeyCreated, MemberJoined, MemberRemoved, MembershipStatus, Role
from shared.contracts.sync import AlertResolved, AlertStatus, Severity
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.auth.api_keys import new_api_key
from shared.platform.db.driver import Statement
from shared.platform.db.edges import Database


async def portfolio_of(house, organization, role: Role = Role.VIEWER):
    response = await house.client("reporting", organization, role).get("/dashboard/portfolio")
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_empty_organization_has_an_empty_dashboard(house):
    await house.start("reporting")
    organization = await house.organization(name="Acme")
    shown = await portfolio_of(house, organization)
    assert shown["organization"] == {"id": str(organization.id), "name": "Acme", "base_currency": "MYR"}
    assert shown["ventures"] == []
    assert shown["alerts"] == {"total": 0, "items": []}
    assert shown["totals"]["portfolio_mrr"] == "0.00"
    assert shown["totals"]["portfolio_mrr_change_pct"] is None


async def test_events_of_three_services_meet_in_one_answer(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi, quiet = told(organization), told(organization, "Batik Market")
    await house.publish(*kopi.story(), quiet.created(), quiet.plan())
    await house.settle()
    shown = await portfolio_of(house, organization)
    assert [row["name"] for row in shown["ventures"]] == ["Batik Market", "Kopi Cloud"]
    silent, row = shown["ventures"]
    assert silent["status"] == "NO_DATA"
    assert silent["actual_mrr"] is None
    assert silent["final_target_mrr"] == "100000.00"
    assert {name: row[name] for name in ("actual_mrr", "target_mrr", "variance_pct", "status", "pofw_score")} == {
        "actual_mrr": "15000.00",
        "target_mrr": "20000.00",
        "variance_pct": "-25.00",
        "status": "LAGGING",
        "pofw_score": 27,
    }
    assert row["last_observed_on"] == kopi.today.isoformat()
    assert row["runway_months"] == "3.4000"
    assert [alert["type"] for alert in row["alerts"]] == ["MRR_BELOW_TARGET"]
    assert shown["alerts"]["items"][0]["venture_name"] == "Kopi Cloud"
    assert shown["totals"]["portfolio_mrr"] == "15000.00"
    assert shown["totals"]["portfolio_mrr_previous"] == "12000.00"
    assert shown["totals"]["portfolio_mrr_change_pct"] == "25.00"
    assert shown["totals"]["by_status"]["LAGGING"] == 1
    assert shown["totals"]["open_alerts"] == {"INFO": 0, "WARNING": 1, "CRITICAL": 0}


async def test_the_strongest_source_of_the_newest_day_counts(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi = told(organization)
    yesterday = kopi.today - timedelta(days=1)
    await house.publish(
        kopi.created(),
        kopi.metric("999", on=yesterday, source=MetricSource.OVERRIDE),
        kopi.metric("100", source=MetricSource.MANUAL),
        kopi.metric("200", source=MetricSource.CALCULATED),
        kopi.metric("5555", on=kopi.today + timedelta(days=1)),
    )
    await house.settle()
    assert (await portfolio_of(house, organization))["ventures"][0]["actual_mrr"] == "200.00"
    await house.publish(kopi.metric("300", source=MetricSource.OVERRIDE))
    await house.settle()
    assert (await portfolio_of(house, organization))["ventures"][0]["actual_mrr"] == "300.00"
    await house.publish(
        kopi.metric("0", source=MetricSource.OVERRIDE, revision=2, withdrawn=True),
        kopi.metric("0", source=MetricSource.CALCULATED, revision=2, withdrawn=True),
    )
    await house.settle()
    assert (await portfolio_of(house, organization))["ventures"][0]["actual_mrr"] == "100.00"


async def test_money_without_a_rate_is_shown_beside_the_total(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi = told(organization)
    left = (UnconvertedAmount(currency="USD", amount=Decimal("12.5")),)
    await house.publish(kopi.created(), kopi.metric("100", unconverted=left))
    await house.settle()
    assert (await portfolio_of(house, organization))["totals"]["unconverted"] == [
        {"currency": "USD", "amount": "12.50"}
    ]


async def test_any_order_and_any_repetition_give_the_same_answer(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi, batik = told(organization), told(organization, "Batik Market")
    alert = new_id()
    events = [
        *kopi.story(),
        *batik.story("21000", "20000"),
        kopi.created(version=2, name="Kopi Cloud 2"),
        kopi.plan(2, "120000"),
        kopi.metric("15500", revision=2),
        kopi.comparison("15500", "20000", version=2),
        batik.alert(alert),
        AlertResolved(**batik.alert(alert, version=2, status=AlertStatus.RESOLVED).model_dump()),
        batik.alert(severity=Severity.CRITICAL),
    ]
    await house.publish(*events)
    await house.settle()
    expected = await portfolio_of(house, organization)
    assert expected["ventures"][1]["name"] == "Kopi Cloud 2"
    database = house.database("reporting")

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(range(len(events))), max_size=40), st.randoms(use_true_random=False))
    def shuffles(repeated, chance):
        order = [*range(len(events)), *repeated]
        chance.shuffle(order)
        orders.append(order)

    orders: list[list[int]] = []
    shuffles()
    other = await house.organization(slug="other")
    for place, order in enumerate(orders):
        await _replayed(database, other, [events[index] for index in order], chance=random.Random(place))
        shown = await portfolio_of(house, other)
        assert _anonymous(shown) == _anonymous(expected)


async def _replayed(database: Database, organization, events, chance: random.Random) -> None:
    """The events as if they were another organization's, handled in batches of any size."""
    from services.reporting.portfolio.models import (  # noqa: PLC0415 - only here
        AlertRow,
        ComparisonRow,
        PlanRow,
        ProjectionRow,
        VentureRow,
    )
    from services.reporting.subscriptions import SUBSCRIPTIONS  # noqa: PLC0415 - only here
    from shared.platform.bus.subscription import Batch  # noqa: PLC0415 - only here

    async with database.transaction([organization.id]) as session:
        for model in (VentureRow, PlanRow, MetricRow, ComparisonRow, AlertRow, ProjectionRow):
            await session.execute(model.__table__.delete().where(model.organization_id == organization.id))
    moved = [event.model_copy(update={"organization_id": organization.id}) for event in events]
    while moved:
        size = chance.randint(1, 6)
        batch, moved = moved[:size], moved[size:]
        async with database.transaction([organization.id]) as session:
            for subscription in SUBSCRIPTIONS:
                wanted = [event for event in batch if isinstance(event, subscription.events)]
                await subscription.handle(session, Batch(wanted))


def _anonymous(shown):
    """The answer without what belongs to one organization."""
    return {name: value for name, value in shown.items() if name != "organization"}


async def test_nobody_sees_another_organization(house, told):
    await house.start("reporting")
    acme, other = await house.organization(), await house.organization(slug="other")
    await house.publish(*told(acme).story())
    await house.settle()
    assert (await portfolio_of(house, other))["ventures"] == []
    stranger = house.client("reporting", other)
    response = await stranger.get(f"http://test/v1/organizations/{acme.id}/dashboard/portfolio")
    assert response.status_code == 404
    assert (await house.client("reporting").get(f"/v1/organizations/{acme.id}/dashboard/portfolio")).status_code == 401


async def test_an_archived_venture_leaves_the_dashboard(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi = told(organization)
    await house.publish(*kopi.story(), kopi.created(version=2, archived_at="2026-02-01T00:00:00Z"))
    await house.settle()
    shown = await portfolio_of(house, organization)
    assert shown["ventures"] == []
    assert shown["alerts"]["total"] == 0
    assert shown["totals"]["portfolio_mrr"] == "0.00"


async def test_an_unchanged_dashboard_is_not_sent_again(house, told):
    await house.start("reporting")
    organization = await house.organization()
    await house.publish(*told(organization).story())
    await house.settle()
    client = house.client("reporting", organization, Role.VIEWER)
    first = await client.get("/dashboard/portfolio")
    again = await client.get("/dashboard/portfolio", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


async def test_figures_name_everything_without_ids(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi = told(organization)
    await house.publish(*kopi.story())
    await house.settle()
    async with house.database("reporting").transaction([organization.id]) as session:
        found = await operations.figures(session)
        assert await operations.recompute(session, organization.id) == 0
    assert [row["figure"] for row in found] == ["reporting.portfolio", "reporting.venture"]
    assert found[1]["venture"] == "Kopi Cloud"
    assert found[1]["open_alerts"] == "MRR_BELOW_TARGET WARNING"
    assert all(value is None or isinstance(value, str) for row in found for value in row.values())
    assert str(kopi.id) not in str(found)


async def test_a_long_history_costs_the_dashboard_nothing(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi = told(organization)
    await house.publish(*kopi.story())
    await house.settle()
    await portfolio_of(house, organization)
    started = time.perf_counter()
    await portfolio_of(house, organization)
    short = time.perf_counter() - started
    years = [kopi.metric(str(day), on=kopi.today - timedelta(days=day + 40)) for day in range(10_000)]
    database = house.database("reporting")
    started = time.perf_counter()
    for place in range(0, len(years), 500):
        async with database.transaction([organization.id]) as session:
            await use_cases.keep_metrics(session, years[place : place + 500])
    rate = len(years) / (time.perf_counter() - started)
    async with database.transaction([organization.id]) as session:
        counted = await session.scalar(
            select(func.count()).select_from(MetricRow).where(MetricRow.metric == MetricKind.MRR.value)
        )
        assert counted == 10_002
    started = time.perf_counter()
    await portfolio_of(house, organization)
    assert time.perf_counter() - started < max(0.25, 10 * short)
    assert rate > 3_000, f"{rate:,.0f} events a second"


async def test_a_dashboard_is_made_again_whenever_something_that_it_shows_has_changed(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi, limited_to = told(organization), told(organization, "Batik Market")
    member = house.client("reporting", organization, Role.VIEWER)

    async def shown() -> dict:
        await house.settle()
        response = await member.get("/dashboard/portfolio")
        again = await member.get("/dashboard/portfolio", headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304
        return response.json()

    assert (await shown())["ventures"] == []
    await house.publish(kopi.created(), limited_to.created())
    assert [row["plan"] for row in (await shown())["ventures"]] == ["missing", "missing"]
    await house.publish(kopi.plan())
    assert (await shown())["plans"]["complete"] == 1
    await house.publish(kopi.metric("15000"))
    assert (await shown())["totals"]["portfolio_mrr"] == "15000.00"
    await house.publish(kopi.comparison("15000", "20000"))
    assert (await shown())["totals"]["target_mrr"] == "20000.00"
    await house.publish(kopi.alert())
    assert (await shown())["alerts"]["total"] == 1
    await house.publish(limited_to.metric("7"))
    assert (await shown())["totals"]["portfolio_mrr"] == "15007.00"


async def test_a_look_sees_its_own_organization_only_and_leaves_nothing_behind(house):
    await house.start("reporting", roles=())
    database, ids = house.database("reporting"), [new_id(), new_id()]
    setting = Statement("SELECT current_setting('app.organization_ids', true)", (), lambda rows: rows[0][0])
    marked = Statement("SELECT organization_id FROM portfolio_changes", (), lambda rows: [row[0] for row in rows])
    async with database.transaction(ids) as session:
        await store.leave_mark(session, ids, "PLANS")
    for organization in ids:
        assert await database.look(organization, setting, marked) == (str(organization), [organization])
    for failing, error in (
        ("SELECT 1 / 0", DBAPIError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", OperationalError),
    ):
        with pytest.raises(error):
            await database.look(ids[0], setting, Statement(failing, (), list))
        assert await database.look(ids[1], setting, marked) == (str(ids[1]), [ids[1]])
    async with database.pool.connection() as connection:
        left = [await (await connection.execute(statement.query)).fetchall() for statement in (setting, marked)]
    assert left in ([[("",)], []], [[(None,)], []])


async def test_who_is_out_or_limited_is_not_given_what_was_kept_for_others(house, told):
    await house.start("reporting")
    organization, member, other = await house.organization(), new_id(), new_id()
    kopi, batik = told(organization), told(organization, "Batik Market")
    await house.publish(kopi.created(), batik.created())
    await house.settle()
    clients = [house.client("reporting", organization, Role.VIEWER, user=user) for user in (member, other)]

    async def seen_by(client) -> list[str]:
        response = await client.get("/dashboard/portfolio")
        assert response.status_code == 200, response.text
        return [row["name"] for row in response.json()["ventures"]]

    def told_of(user, **members):
        given = {"version": 2, "role": Role.VIEWER, "status": MembershipStatus.ACTIVE} | members
        return MemberJoined(organization_id=organization.id, user_id=user, **given)

    both = ["Batik Market", "Kopi Cloud"]
    assert [await seen_by(client) for client in clients] == [both, both]
    await house.publish(told_of(member, venture_ids=(kopi.id,)))
    await house.settle()
    assert [await seen_by(client) for client in clients] == [["Kopi Cloud"], both]
    removed = told_of(member, version=3, status=MembershipStatus.REMOVED)
    await house.publish(
        MemberRemoved(**removed.model_dump()), told_of(other, tokens_valid_from=now() + timedelta(hours=1))
    )
    await house.settle()
    assert [(await client.get("/dashboard/portfolio")).status_code for client in clients] == [404, 401]
    assert (await house.client("reporting", organization, Role.VIEWER).get("/dashboard/portfolio")).status_code == 200


async def test_an_api_key_reads_the_dashboard_as_its_scopes_allow(house, told):
    await house.start("reporting")
    organization = await house.organization()
    await house.publish(told(organization).created())
    answers = []
    for scopes in (("reporting:read",), ("plans:read",)):
        key_id = new_id()
        key, digest = new_api_key(house.settings_of("reporting").secret_key_bytes, key_id)
        made = {"api_key_id": key_id, "version": 1, "name": "CI", "role": Role.VIEWER, "scopes": scopes}
        await house.publish(
            ApiKeyCreated(organization_id=organization.id, digest=digest, acts_for=organization.owner, **made)
        )
        await house.settle()
        client = house.client("reporting", organization)
        response = await client.get("/dashboard/portfolio", headers={"Authorization": f"Bearer {key}"})
        answers.append((response.status_code, len(response.json().get("ventures", ()))))
    assert answers == [(200, 1), (403, 0)]
