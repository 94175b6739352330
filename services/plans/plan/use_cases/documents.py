"""Plans that leave as documents, and come back."""

from typing import Any

import orjson
from pydantic import ValidationError

from services.plans.plan.models import PlanVersion
from services.plans.plan.rules.document import PlanDocument
from services.plans.plan.rules.markdown_reading import Reading, read
from services.plans.plan.schemas.documents import PlanDocumentBody
from shared.kernel.errors import Invalid, field_error

_REFUSED = "The document cannot be read as a plan; each field says what is wrong with it."


def document_of(version: PlanVersion, venture_name: str, currency: str) -> PlanDocument:
    """A version as a document; amounts are in ``currency``."""
    about = {
        "venture": venture_name,
        "version": version.version,
        "label": version.label,
        "status": version.status,
        "saved_at": version.saved_at.isoformat(),
        "currency": currency,
        "pofw_score": version.pofw_score,
        "completeness_pct": f"{version.completeness_pct:.2f}",
    }
    return PlanDocument(about, version.content())


def parse_json(body: bytes) -> PlanDocumentBody:
    """A JSON document; raises ``Invalid`` with what is wrong, field by field."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = f"this is no JSON: {error.msg}, line {error.lineno}"
        raise Invalid(_REFUSED, errors=[field_error("document", reason)]) from error
    return _validated(document, None)


def parse_markdown(body: bytes) -> PlanDocumentBody:
    """A Markdown document; raises ``Invalid`` with what is wrong, field by field, with its line."""
    try:
        text = body.decode("utf8")
    except UnicodeDecodeError as error:
        reason = f"the document is UTF-8 text; byte {error.start} is not"
        raise Invalid(_REFUSED, errors=[field_error("document", reason)]) from error
    reading = read(text)
    if reading.errors:
        raise Invalid(_REFUSED, errors=reading.errors)
    return _validated(reading.document, reading)


def _validated(document: Any, reading: Reading | None) -> PlanDocumentBody:
    try:
        return PlanDocumentBody.model_validate(document)
    except ValidationError as error:
        raise Invalid(_REFUSED, errors=[_named(dict(one), reading) for one in error.errors()]) from error


def _named(error: dict[str, Any], reading: Reading | None) -> dict[str, Any]:
    line = reading.line_of(error["loc"]) if reading is not None else None
    reason = error["msg"] if line is None else f"line {line}: {error['msg']}"
    return {"loc": ["body", *error["loc"]], "msg": reason, "type": error["type"]}
