import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.reporting.portfolio.rules.facts import Venture
from services.reporting.report.document import Figure, ReportDocument, Source
from services.reporting.report.rules.build import build_document
from shared.contracts.finance import MetricKind
from shared.contracts.plans import VentureStage
from shared.contracts.sync import AlertStatus


def figures_of(part, path="document"):
    """Every figure of a document with its place."""
    if isinstance(part, Figure):
        yield path, part
    elif isinstance(part, tuple | list):
        for place, one in enumerate(part):
            yield from figures_of(one, f"{path}[{place}]")
    elif hasattr(part, "model_fields_set") and not isinstance(part, Source):
        for name in type(part).model_fields:
            yield from figures_of(getattr(part, name), f"{path}.{name}")


def test_every_known_figure_names_its_source(sample):
    document = build_document("quarterly", sample())
    found = list(figures_of(document))
    assert len(found) > 500
    for path, figure in found:
        if figure.value is not None:
            assert figure.source is not None, path
            assert figure.source.key, path
        else:
            assert figure.source is None, path


def test_the_same_facts_give_the_same_document(sample):
    first, second = build_document("quarterly", sample()), build_document("quarterly", sample())
    assert first.model_dump_json() == second.model_dump_json()
    assert ReportDocument.model_validate_json(first.model_dump_json()) == first


def test_the_portfolio_at_the_period_end_is_the_sum_of_its_chapters(sample):
    document = build_document("quarterly", sample())
    exact = sum((seen.value for (_, metric), seen in sample().at_end.items() if metric is MetricKind.MRR), Decimal(0))
    assert Decimal(document.portfolio.mrr.value) == exact.quantize(Decimal("0.01"))
    assert document.portfolio.series[-1].mrr.value == document.portfolio.mrr.value
    assert document.portfolio.ventures.value == "12"
    assert {kind: getattr(document.portfolio, kind).value for kind in ("profitable", "growth", "pre_revenue")} == {
        "profitable": "3",
        "growth": "6",
        "pre_revenue": "3",
    }


def test_a_chapter_sets_strategy_beside_performance(sample):
    chapter = next(one for one in build_document("quarterly", sample()).ventures if one.name == "Kopi Cloud")
    assert chapter.strategy.one_liner == "Fresh beans, paid by subscription, roasted the day before they ship."
    assert (
        chapter.strategy.moat
        == "Moat: • Exclusive contracts with nine growers • A roasting schedule that follows orders"
    )
    assert chapter.strategy.target_mrr.value == "100000.00"
    assert chapter.strategy.target_date == date(2026, 12, 31)
    assert chapter.performance.status == "LAGGING"
    assert Decimal(chapter.performance.variance_pct.value) == Decimal("-25.10")
    assert chapter.performance.runway.value == "3.4000"
    assert chapter.action == "Review the go-to-market strategy: the two weakest channels first."


def test_a_young_venture_shows_its_history_and_the_promise_ahead(sample):
    chapter = build_document("quarterly", sample(ventures=1, months=3)).ventures[0]
    assert [row.ahead for row in chapter.months] == [False] * 3 + [True] * 9
    assert [row.month_end for row in chapter.months[:4]] == [
        date(2026, 7, 31),
        date(2026, 8, 31),
        date(2026, 9, 30),
        date(2026, 10, 31),
    ]
    assert all(row.mrr.value is None and row.target.value for row in chapter.months if row.ahead)
    assert chapter.months[3].target.source.kind == "projection"


def test_a_month_without_a_comparison_of_its_own_is_not_given_an_old_one(sample):
    facts = sample(ventures=1)
    venture = facts.ventures[0].id
    facts.comparisons[venture, date(2026, 8, 31)] = facts.comparisons[venture, date(2026, 7, 31)]
    august = next(
        row for row in build_document("quarterly", facts).ventures[0].months if row.month_end == date(2026, 8, 31)
    )
    assert august.mrr.value is not None
    assert august.target.value is None
    assert august.variance_pct.value is None


def test_alerts_stand_as_they_were_at_the_period_end(sample):
    facts = sample(ventures=1)
    warning, notice = facts.alerts
    later = dataclasses.replace(warning, status=AlertStatus.RESOLVED, changed_at=datetime(2026, 10, 2, tzinfo=UTC))
    within = dataclasses.replace(notice, status=AlertStatus.DISMISSED, changed_at=datetime(2026, 7, 9, tzinfo=UTC))
    document = build_document("quarterly", dataclasses.replace(facts, alerts=[later, within]))
    assert [part.status for part in document.alerts.risks] == ["open"]
    assert [part.status for part in document.alerts.notices] == ["dismissed"]
    before = dataclasses.replace(
        warning,
        status=AlertStatus.RESOLVED,
        raised_at=datetime(2026, 5, 1, tzinfo=UTC),
        changed_at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    after = dataclasses.replace(warning, raised_at=datetime(2026, 10, 2, tzinfo=UTC))
    document = build_document("quarterly", dataclasses.replace(facts, alerts=[before, after]))
    assert document.alerts.risks == ()


def test_an_alert_at_the_border_belongs_to_the_local_day(sample):
    facts = sample(ventures=1)
    # 30 June 17:00 in UTC is 1 July in Kuala Lumpur: the first day of the quarter.
    moment = datetime(2026, 6, 30, 17, tzinfo=UTC)
    edge = dataclasses.replace(facts.alerts[0], status=AlertStatus.RESOLVED, raised_at=moment, changed_at=moment)
    document = build_document("quarterly", dataclasses.replace(facts, alerts=[edge]))
    assert [part.raised_on for part in document.alerts.risks] == [date(2026, 7, 1)]


def test_a_venture_archived_later_is_still_in_the_report(sample):
    facts = sample(ventures=2)
    ventures = [
        dataclasses.replace(facts.ventures[0], archived_at=datetime(2026, 10, 3, tzinfo=UTC)),
        dataclasses.replace(facts.ventures[1], archived_at=datetime(2026, 9, 3, tzinfo=UTC)),
    ]
    document = build_document("quarterly", dataclasses.replace(facts, ventures=ventures))
    assert [chapter.name for chapter in document.ventures] == ["Kopi Cloud"]


def test_nothing_known_is_said_plainly(sample):
    document = build_document("quarterly", sample(ventures=0))
    assert document.summary.sentences == (
        "No recurring revenue was observed up to 30 September 2026.",
        "The portfolio has no ventures yet.",
        "No warning was open during the period.",
    )
    assert document.portfolio.mrr.value is None
    assert document.portfolio.series == ()


def test_a_bare_venture_is_told_what_to_do_first(sample):
    facts = dataclasses.replace(
        sample(ventures=0), ventures=[Venture(sample().ventures[0].id, "New", VentureStage.IDEA)]
    )
    chapter = build_document("quarterly", facts).ventures[0]
    assert chapter.performance.status == "PLANNED"
    assert chapter.months == ()
    assert chapter.action.startswith("Write the business plan")
    assert build_document("quarterly", facts).summary.sentences[2:4] == (
        "No venture has both an MRR target and an observed MRR yet.",
        "No runway is known for a venture that burns cash.",
    )


def test_the_summary_says_what_the_figures_say(sample):
    document = build_document("quarterly", sample())
    assert document.summary.sentences == (
        "Portfolio MRR was MYR 733,304.13 on 30 September 2026, up 47.4 % from MYR 497,446.50 before the period.",
        "The portfolio holds 12 ventures: 3 profitable, 6 growing and 3 pre-revenue.",
        (
            "Of 12 ventures compared with a target, 6 are on track or exceeding it and 3 lag behind "
            "(Kopi Cloud, Penang Payroll and Teh Tarik Tech)."
        ),
        (
            "The largest shortfall is at Kopi Cloud: MYR 37,985.38 against a pro-rated target of MYR 50,714.79, "
            "25.1 % below it."
        ),
        "The average runway of the 9 ventures that burn cash is 8.7 months; the shortest is 3.4 months, at Kopi Cloud.",
        "3 warnings were open during the period, none of them critical; 3 were still open on 30 September 2026.",
    )


@pytest.mark.parametrize(("factor", "text"), [("1", "unchanged"), ("2", "down 50.0 %"), ("0.5", "up 100.0 %")])
def test_the_direction_follows_the_figures(sample, factor, text):
    facts = sample(ventures=1)
    venture = facts.ventures[0].id
    now = facts.at_end[venture, MetricKind.MRR]
    facts.at_start[venture] = dataclasses.replace(now, value=now.value * Decimal(factor))
    assert text in build_document("quarterly", facts).summary.sentences[0]


def test_money_without_a_rate_stands_beside_the_total(sample):
    facts = sample(ventures=1)
    venture = facts.ventures[0].id
    now = facts.at_end[venture, MetricKind.MRR]
    facts.at_end[venture, MetricKind.MRR] = dataclasses.replace(now, unconverted=(("USD", Decimal(500)),))
    document = build_document("quarterly", facts)
    assert document.portfolio.not_converted[0].amount.value == "500.00"
    assert "A further USD 500.00 of MRR has no exchange rate to MYR" in document.summary.sentences[1]
