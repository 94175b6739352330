import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.plans.plan import rules
from services.plans.plan.rules import PlanContent
from services.plans.plan.rules.document import PlanDocument
from services.plans.plan.rules.markdown_writing import written
from services.plans.plan.use_cases.documents import parse_json, parse_markdown
from shared.contracts.plans import CustomMetricTarget, CustomPathPoint, PlanStrategy, PlanTargets, TargetPath
from shared.kernel.errors import Invalid
from tests.unit.plans.plan.contents import contents, one_line

ABOUT = {"venture": "Kopi", "version": 3, "status": "DRAFT", "currency": "MYR"}


def again(document: PlanDocument) -> tuple[PlanContent, PlanContent, str | None]:
    """What comes back from Markdown and from JSON."""
    markdown = parse_markdown(written(document).encode())
    json_body = parse_json(orjson.dumps(document.as_json()))
    back = [
        PlanContent(body.content().strategy, rules.settled(body.content().targets)) for body in (markdown, json_body)
    ]
    assert markdown.label == json_body.label
    return back[0], back[1], markdown.label


@settings(max_examples=40)
@given(contents, st.none() | one_line)
def test_what_is_exported_comes_back_as_it_was(content: PlanContent, label: str | None) -> None:
    markdown, json_body, same_label = again(PlanDocument(ABOUT | {"label": label}, content))
    assert markdown == content
    assert json_body == content
    assert markdown.as_json() == content.as_json()
    assert same_label == label


def test_every_field_finds_its_place() -> None:
    strategy = {
        name: f"text of {name}" if field.annotation == (str | None) else 7
        for name, field in PlanStrategy.model_fields.items()
        if name != "key_features"
    }
    path = (CustomPathPoint(month="2026-03", amount=Decimal("17000.5")),)
    churn = CustomMetricTarget(
        key="churn", name="Churn | net", target=Decimal(2), path=TargetPath.CUSTOM, custom_path=path
    )
    targets = {
        name: 1
        for name, field in PlanTargets.model_fields.items()
        if name not in {"target_date", "baseline_date", "path", "custom_path", "custom_metrics"}
    } | {"target_date": "2026-12-31", "baseline_date": "2026-01-31", "path": "custom"}
    content = PlanContent(
        PlanStrategy(**strategy, key_features=("one", "two\nlines")),
        PlanTargets.model_validate(targets | {"custom_path": path, "custom_metrics": (churn,)}),
    )
    markdown = written(PlanDocument(ABOUT, content))
    assert all(markdown.count(f"text of {name}\n") == 1 for name, value in strategy.items() if value != 7)
    assert parse_markdown(markdown.encode()).content() == content


def test_it_reads_well() -> None:
    content = PlanContent(
        PlanStrategy(vision="Coffee for *all*", problem="Bad coffee", problem_score=8), rules.EMPTY.targets
    )
    lines = written(PlanDocument(ABOUT, content)).split("\n")
    assert lines[0] == "# Kopi"
    assert lines[lines.index("## Vision") + 3] == "Coffee for *all*"
    assert "| strategy.problem_score | 8 |" in lines


def exported(**strategy: Any) -> str:
    return written(PlanDocument(ABOUT, PlanContent(PlanStrategy(**strategy), rules.EMPTY.targets)))


def refused(markdown: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as error:
        parse_markdown(markdown if isinstance(markdown, bytes) else markdown.encode())
    return [(".".join(map(str, one["loc"][1:])), one["msg"]) for one in error.value.errors]


ROW = "| strategy.problem_score |  |"


@pytest.mark.parametrize(
    ("find", "put", "field", "reason"),
    [
        (ROW, "| strategy.problem_score | 11 |", "strategy.problem_score", "less than or equal to 10"),
        (ROW, "| strategy.problem_score | many |", "strategy.problem_score", "valid integer"),
        (ROW, f"| strategy.problem_score | {'9' * 30} |", "strategy.problem_score", "valid integer"),
        (ROW, "| strategy.motto | 1 |", "strategy.motto", "not permitted"),
        (ROW, "| strategy.a.b | 1 |", "strategy.a.b", "no value with this name"),
        (ROW, "| strategy | 1 |", "strategy", "no value with this name"),
        (ROW, "| owner | me |", "owner", "not permitted"),
        (ROW, "no row", "document", "no row of the table"),
        (ROW, "| version | 4 |", "version", "given twice"),
        (ROW, "| targets.target_mrr | 12,5 |", "targets.target_mrr", "valid decimal"),
        (ROW, "| targets.target_date | soon |", "targets.target_date", "valid date"),
        (ROW, "| targets.custom_path.march | 5 |", "targets.custom_path.0.month", "match pattern"),
        (ROW, "| targets.custom_metrics.churn.target | 5 |", "targets.custom_metrics.0.name", "required"),
        (
            ROW,
            "| targets.custom_metrics.churn.custom_path.x.y | 5 |",
            "targets.custom_metrics.churn.custom_path.x.y",
            "",
        ),
        (ROW, "| targets.custom_metrics.churn.target.x | 5 |", "targets.custom_metrics.churn.target.x", "no value"),
        ("| format | trueup.plan |", "", "format", "required"),
        ("| format_version | 1 |", "| format_version | 2 |", "format_version", "should be 1"),
        ("<!-- trueup:strategy.moat -->", "<!-- trueup:strategy.motto -->", "strategy.motto", "no text with this name"),
        ("<!-- trueup:strategy.moat -->", "", "document", "no beginning"),
        ("## Moat", "my moat", "document", "belongs to no field"),
        ("## Moat", "<!-- trueup:strategy.vision -->\nx\n<!-- /trueup -->", "strategy.vision", "given twice"),
    ],
)
def test_a_mistake_is_named_by_field_and_line(find: str, put: str, field: str, reason: str) -> None:
    markdown = exported(vision="one")
    assert markdown.count(find) == 1, find
    errors = refused(markdown.replace(find, put))
    assert any(name == field and reason in message for name, message in errors), errors
    if field != "format":
        assert all(message.startswith("line ") for name, message in errors if name == field)


def test_a_block_without_end_is_named() -> None:
    markdown = exported(vision="one")
    head, _, tail = markdown.partition("<!-- /trueup -->\n\n## Pitch")
    assert refused(head + "## Pitch" + tail)[0][0] == "strategy.vision"
    assert refused(markdown.rstrip().removesuffix("<!-- /trueup -->"))[0][1].endswith("no end")


def test_what_is_no_text_is_refused() -> None:
    assert refused(b"\xff\xfe")[0][0] == "document"
    assert refused("")[0][0] == "format"


def test_a_document_that_an_editor_touched_is_read_all_the_same() -> None:
    markdown = "\ufeff" + exported(vision="one", problem_score=8).replace("\n", "\r\n")
    body = parse_markdown(markdown.encode())
    assert body.strategy.problem_score == 8
    assert body.strategy.vision is not None
    assert body.strategy.vision.strip() == "one"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("{", "document"),
        ("[]", ""),
        ({}, "format"),
        ({"format": "trueup.plan", "format_version": 1, "strategy": {"problem_score": "8"}}, "strategy.problem_score"),
        ({"format": "trueup.plan", "format_version": 1, "targets": {"target_mrr": 0.5}}, "targets.target_mrr"),
        ({"format": "trueup.plan", "format_version": 1, "currency": "XXQ"}, "currency"),
    ],
)
def test_wrong_json_is_named_by_field(document: Any, field: str) -> None:
    body = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(Invalid) as error:
        parse_json(body.encode())
    assert field in [".".join(map(str, one["loc"][1:])) for one in error.value.errors]
