"""The PDF: templates, page data and charts given to the typst compiler from memory.

The compiler reads no file but the installed font, no system font and no clock: the same document gives
the same bytes. It enforces PDF/UA-1 and PDF/A-2a (tagged, alternative texts, all fonts embedded).
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import orjson
import typst

from services.reporting.report.document import ReportDocument
from services.reporting.report.rendering.charts import (
    font_directory,
    portfolio_chart,
    standing_chart,
    venture_chart,
)
from services.reporting.report.rendering.pages import page_data

STANDARDS = ["ua-1", "a-2a"]
_TEMPLATES = "services.reporting.report.templates"


def _templates() -> dict[str, bytes]:
    return {
        file.name: file.read_bytes() for file in resources.files(_TEMPLATES).iterdir() if file.name.endswith(".typ")
    }


def draw_charts(document: ReportDocument) -> dict[str, str]:
    """All charts of a document as SVG, by name; a chart without data is absent."""
    currency = document.organization.base_currency
    drawn = {
        "portfolio": portfolio_chart(document.portfolio.series, currency),
        "standing": standing_chart(document.ventures, currency),
    }
    for place, chapter in enumerate(document.ventures):
        drawn[f"venture-{place}"] = venture_chart(chapter.name, chapter.months, currency)
    return {name: svg for name, svg in drawn.items() if svg is not None}


def _compile(files: Mapping[str, bytes], timestamp: int, standards: list[str]) -> bytes:
    # Its type stub does not know that the input may be files from memory.
    compiler: Any = typst.compile
    pdf: bytes = compiler(
        dict(files),
        format="pdf",
        font_paths=[font_directory()],
        ignore_system_fonts=True,
        timestamp=timestamp,
        pdf_standards=standards,
    )
    return pdf


def typeset(document: ReportDocument) -> bytes:
    """The report as PDF; the same document always gives the same bytes.

    A character that the font lacks (in a venture's name, say) cannot be part of PDF/A or PDF/UA; such
    a report is set again without these guarantees, with a box in the character's place.
    """
    charts = draw_charts(document)
    names = {name: f"charts/{name}.svg" for name in charts}
    files = _templates()
    files["data.json"] = orjson.dumps(page_data(document, names), option=orjson.OPT_SORT_KEYS)
    files.update({names[name]: svg.encode() for name, svg in charts.items()})
    timestamp = int(document.generated_at.timestamp())
    try:
        return _compile(files, timestamp, STANDARDS)
    except typst.TypstError:
        return _compile(files, timestamp, [])
