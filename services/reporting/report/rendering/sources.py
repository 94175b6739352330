"""The page that says where a report's figures come from."""

from collections.abc import Sequence
from typing import Any

from services.reporting.report.document import Figure, ReportDocument, Source
from services.reporting.report.rendering.figures import shown


def _source_rows(named: Sequence[tuple[str, Figure]], owner: str = "") -> list[list[str]]:
    rows = []
    for name, figure in named:
        if figure.value is not None and figure.source is not None:
            rows.append([name, shown(figure), _source_text(figure.source, owner)])
    return rows


def _source_text(source: Source, owner: str) -> str:
    if not source.of:
        return f"{source.service} {source.kind} {source.key.removeprefix(owner)}"
    return f"calculated from {len(source.of)} {'row' if len(source.of) == 1 else 'rows'}, named in the JSON document"


def source_groups(document: ReportDocument) -> list[dict[str, Any]]:
    """The portfolio's figures and each venture's with their sources; who has none is left out."""
    part = document.portfolio
    groups: list[dict[str, Any]] = [
        {
            "name": "Portfolio",
            "key": None,
            "rows": _source_rows(
                [
                    ("MRR", part.mrr),
                    ("MRR before the period", part.mrr_at_start),
                    ("Change", part.mrr_change_pct),
                    ("Pro-rated targets", part.target_mrr),
                    ("Average runway", part.average_runway),
                ]
            ),
        }
    ]
    for chapter in document.ventures:
        done, plan = chapter.performance, chapter.strategy
        named = [
            ("MRR", done.mrr),
            ("Pro-rated target", done.target),
            ("Against target", done.variance_pct),
            ("Growth", done.growth_pct),
            ("Customers", done.customers),
            ("Net burn", done.burn),
            ("Runway", done.runway),
            ("Target MRR", plan.target_mrr),
            ("POFW score", plan.pofw),
        ]
        groups.append({"name": chapter.name, "key": str(chapter.id), "rows": _source_rows(named, f"{chapter.id}/")})
    return [group for group in groups if group["rows"]]
