import dataclasses
import io
from decimal import Decimal

import pypdf
import pytest

from services.reporting.report.rendering.charts import venture_chart
from services.reporting.report.rendering.typesetting import draw_charts, typeset
from services.reporting.report.rules.build import build_document


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u200b", "").split())


def test_the_same_document_gives_the_same_bytes(sample):
    document = build_document("quarterly", sample(ventures=3))
    assert typeset(document) == typeset(document)
    assert typeset(type(document).model_validate_json(document.model_dump_json())) == typeset(document)


def test_the_pdf_says_what_the_document_says(sample):
    document = build_document("quarterly", sample())
    text = text_of(typeset(document))
    for sentence in document.summary.sentences:
        assert sentence in text
    for chapter in document.ventures:
        assert chapter.name in text
        assert f"MYR {Decimal(chapter.performance.mrr.value):,f}" in text
        assert chapter.action in text
    for heading in ("Contents", "Executive summary", "Comparison of ventures", "Risks and notices", "Sources"):
        assert heading in text


def test_the_pdf_is_tagged_and_conforms_to_archive_and_accessibility_standards(sample):
    reader = pypdf.PdfReader(io.BytesIO(typeset(build_document("quarterly", sample(ventures=2)))))
    metadata = reader.xmp_metadata
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert metadata is not None
    raw = metadata.stream.get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in raw
    assert "<pdfaid:part>2</pdfaid:part>" in raw
    assert reader.metadata.title == "Bukit Ventures: Quarterly investor report, Q3 2026"
    assert [entry["/Title"] for entry in reader.outline if not isinstance(entry, list)][:2] == [
        "Executive summary",
        "Ventures",
    ]


def test_text_of_users_is_never_markup(sample):
    facts = sample(ventures=1)
    hostile = '#panic("x") *bold* $x^2$ `raw` <label> @ref \\ "quoted" //c /*c*/ #import "a"'
    facts.ventures[0] = dataclasses.replace(facts.ventures[0], name=hostile)
    facts.alerts[0] = dataclasses.replace(facts.alerts[0], message=hostile * 10, title=hostile)
    text = text_of(typeset(build_document("quarterly", facts)))
    assert hostile in text


def test_characters_that_the_font_lacks_do_not_stop_a_report(sample):
    facts = sample(ventures=1)
    facts.ventures[0] = dataclasses.replace(facts.ventures[0], name="商業 🚀 \ue000 عربى")
    assert typeset(build_document("quarterly", facts)).startswith(b"%PDF")


@pytest.mark.parametrize("ventures", [0, 1])
def test_a_portfolio_without_data_makes_an_honest_report(sample, ventures):
    facts = dataclasses.replace(sample(ventures, 0), plans={}, at_end={}, projections={}, alerts=[])
    text = text_of(typeset(build_document("quarterly", facts)))
    assert "No MRR has been observed yet" in text
    assert "No warning was open during the period." in text


def test_a_chart_says_what_it_is_and_draws_both_lines(sample):
    chapter = build_document("quarterly", sample(ventures=1)).ventures[0]
    svg = venture_chart(chapter.name, chapter.months, "MYR")
    assert svg is not None
    assert "Actual" in svg
    assert "Target" in svg
    assert venture_chart(chapter.name, (), "MYR") is None


def test_currencies_with_other_decimals_fit(sample):
    facts = sample(ventures=2)
    yen = dataclasses.replace(facts, organization=facts.organization.model_copy(update={"base_currency": "JPY"}))
    document = build_document("quarterly", yen)
    assert "." not in document.portfolio.mrr.value
    assert f"JPY {int(document.portfolio.mrr.value):,}" in text_of(typeset(document))


def test_twelve_ventures_have_a_chart_each_and_the_portfolio_two(sample):
    assert len(draw_charts(build_document("quarterly", sample()))) == 14
