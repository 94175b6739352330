import hashlib
import io
from decimal import Decimal

import pypdf
import pytest

from services.reporting.report.document import ReportDocument
from services.reporting.report.rendering.press import PRESS
from services.reporting.report.rendering.typesetting import typeset
from shared.contracts.identity import Role
from shared.contracts.reporting import ReportReady
from shared.kernel.clock import today
from shared.kernel.ids import new_id
from shared.kernel.periods import fiscal_quarter_of
from tests.harness.house import House, Organization


@pytest.fixture(autouse=True, scope="module")
def closed_press():
    yield
    PRESS.close()


def quarter(organization: Organization) -> str:
    year, part = fiscal_quarter_of(today(organization.time_zone), organization.fiscal_year_start)
    return f"{year}-Q{part}"


async def report_of(house: House, organization: Organization, **body):
    client = house.client("reporting", organization, Role.MEMBER)
    response = await client.post("/reports", json={"template": "quarterly", "period": quarter(organization), **body})
    assert response.status_code == 201, response.text
    return client, response


async def test_a_quarter_becomes_a_report_in_two_shapes(house, told):
    await house.start("reporting")
    organization = await house.organization(name="Bukit Ventures")
    kopi = told(organization)
    await house.publish(*kopi.story())
    await house.settle()
    client, made = await report_of(house, organization)
    report = made.json()
    assert report["status"] == "ready"
    assert report["template"] == "quarterly"
    assert report["period"]["code"] == quarter(organization)
    assert made.headers["location"] == report["links"]["json"]

    whole = (await client.get(f"/reports/{report['id']}")).json()
    document = whole["document"]
    assert document["portfolio"]["mrr"]["value"] == "15000.00"
    assert document["portfolio"]["mrr"]["source"]["of"][0]["key"].startswith(f"{kopi.id}/mrr/")
    chapter = document["ventures"][0]
    assert chapter["performance"]["variance_pct"]["value"] == "-25.00"
    assert chapter["performance"]["target"]["source"]["service"] == "sync"
    assert chapter["strategy"]["moat"] == "Nine growers."
    assert chapter["action"] == "Review the go-to-market strategy."
    assert [risk["type"] for risk in document["alerts"]["risks"]] == ["MRR_BELOW_TARGET"]

    pdf = await client.get(f"/reports/{report['id']}/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(pdf.content).hexdigest() == report["sha256"]
    assert pdf.headers["etag"] == f'"{report["sha256"]}"'
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf.content)).pages)
    assert "Kopi Cloud" in text
    assert "MYR 15,000.00" in text


async def test_figures_equal_the_dashboards(house, told):
    await house.start("reporting")
    organization = await house.organization()
    await house.publish(*told(organization).story(), *told(organization, "Batik").story("31000.55", "30000"))
    await house.settle()
    client, made = await report_of(house, organization)
    document = (await client.get(f"/reports/{made.json()['id']}")).json()["document"]
    shown = (await client.get("/dashboard/portfolio")).json()
    assert document["portfolio"]["mrr"]["value"] == shown["totals"]["portfolio_mrr"]
    assert document["portfolio"]["target_mrr"]["value"] == shown["totals"]["target_mrr"]
    assert document["portfolio"]["average_runway"]["value"] == shown["totals"]["average_runway_months"]
    for chapter, row in zip(document["ventures"], shown["ventures"], strict=True):
        done = chapter["performance"]
        assert chapter["name"] == row["name"]
        assert done["mrr"]["value"] == row["actual_mrr"]
        assert done["target"]["value"] == row["target_mrr"]
        assert done["variance_pct"]["value"] == row["variance_pct"]
        assert done["status"] == row["status"]


async def test_a_ready_report_is_frozen_and_can_be_made_again_byte_for_byte(house, told):
    await house.start("reporting")
    organization = await house.organization()
    kopi = told(organization)
    await house.publish(*kopi.story())
    await house.settle()
    client, made = await report_of(house, organization)
    path = f"/reports/{made.json()['id']}"
    before, pdf = (await client.get(path)).json(), (await client.get(f"{path}/pdf")).content
    await house.publish(kopi.metric("1", revision=9), kopi.created(version=9, name="Renamed"))
    await house.settle()
    assert (await client.get(path)).json() == before
    assert (await client.get(f"{path}/pdf")).content == pdf
    assert typeset(ReportDocument.model_validate(before["document"])) == pdf
    unchanged = await client.get(f"{path}/pdf", headers={"if-none-match": f'"{before["sha256"]}"'})
    assert unchanged.status_code == 304


async def test_making_a_report_is_told_once(house, told):
    await house.start("reporting")
    organization = await house.organization()
    client = house.client("reporting", organization, Role.MEMBER)
    body = {"template": "quarterly", "period": quarter(organization)}
    key = {"idempotency-key": str(new_id())}
    first = await client.post("/reports", json=body, headers=key)
    again = await client.post("/reports", json=body, headers=key)
    assert first.json() == again.json()
    await house.settle()
    (event,) = await house.events("REPORTING", ReportReady)
    assert str(event.report_id) == first.json()["id"]
    assert event.sha256 == first.json()["sha256"]
    assert event.period_start.isoformat() == first.json()["period"]["start"]


async def test_a_month_can_be_reported_too(house):
    await house.start("reporting")
    organization = await house.organization()
    month = f"{today(organization.time_zone):%Y-%m}"
    _, made = await report_of(house, organization, template="monthly", period=month)
    assert made.json()["template"] == "monthly"
    assert made.json()["period"]["as_of"] == today(organization.time_zone).isoformat()


async def test_a_quarter_without_data_is_an_honest_report(house):
    await house.start("reporting")
    organization = await house.organization()
    client, made = await report_of(house, organization, period="2001-Q2")
    document = (await client.get(f"/reports/{made.json()['id']}")).json()["document"]
    assert document["portfolio"]["mrr"] == {"value": None, "unit": "money", "currency": "MYR", "source": None}
    assert document["summary"]["sentences"][0] == "No recurring revenue was observed up to 30 June 2001."


async def test_quarters_are_fiscal(house):
    await house.start("reporting")
    organization = await house.organization(fiscal_year_start=4)
    _, made = await report_of(house, organization, period="2025-Q1")
    assert made.json()["period"] | {"as_of": "2024-06-30"} == {
        "code": "2025-Q1",
        "label": "Q1 FY2025",
        "start": "2024-04-01",
        "end": "2024-07-01",
        "as_of": "2024-06-30",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"template": "quarterly", "period": "2026-Q7"},
        {"template": "quarterly", "period": "2026-07"},
        {"template": "quarterly", "period": "2098-Q1"},
        {"template": "monthly", "period": "2026-Q1"},
        {"template": "deck", "period": "2026-Q1"},
        {"template": "quarterly"},
        {"template": "quarterly", "period": 3},
        {"template": "quarterly", "period": "2026-Q1", "extra": 1},
    ],
)
async def test_what_cannot_be_reported_is_refused_with_a_reason(house, body):
    await house.start("reporting")
    organization = await house.organization()
    response = await house.client("reporting", organization).post("/reports", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["errors"]
    if problem["code"] == "unknown_period":
        assert "e.g." in problem["detail"]
        assert problem["errors"][0]["loc"] == ["body", "period"]


async def test_viewers_read_and_members_make(house):
    await house.start("reporting")
    organization = await house.organization()
    _, made = await report_of(house, organization)
    viewer = house.client("reporting", organization, Role.VIEWER)
    assert (await viewer.get(f"/reports/{made.json()['id']}/pdf")).status_code == 200
    assert (await viewer.post("/reports", json={"period": quarter(organization)})).status_code == 403
    other = await house.organization(slug="other")
    stranger = house.client("reporting", other)
    for path in (f"/reports/{made.json()['id']}", f"/reports/{made.json()['id']}/pdf", f"/reports/{new_id()}"):
        assert (await stranger.get(path)).status_code == 404


async def test_reports_are_listed_newest_first_in_pages(house):
    await house.start("reporting")
    organization = await house.organization()
    ids = []
    for period in ("2001-Q1", "2001-Q2", "2001-Q3"):
        client, made = await report_of(house, organization, period=period)
        ids.append(made.json()["id"])
    first = (await client.get("/reports", params={"limit": 2})).json()
    second = (await client.get("/reports", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [report["id"] for report in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert "document" not in first["items"][0]


async def test_twelve_ventures_over_twelve_months_have_a_page_each_and_more(house, told):
    await house.start("reporting")
    organization = await house.organization()
    for place in range(12):
        venture = told(organization, f"Venture {place}")
        events = venture.story()
        for back in range(1, 12):
            day = venture.month_end_before(back)
            actual = str(Decimal(20_000) - 700 * back)
            events += [
                venture.metric(actual, on=day, revision=2),
                venture.comparison(actual, "21000", on=day, version=2),
            ]
        await house.publish(*events)
    await house.settle()
    client, made = await report_of(house, organization)
    pdf = (await client.get(f"/reports/{made.json()['id']}/pdf")).content
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) > 20
