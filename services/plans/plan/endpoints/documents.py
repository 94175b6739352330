"""A version of a plan as a document, and a plan from one."""

from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import Query, Request, Response, status
from starlette.exceptions import HTTPException

from services.plans.plan.endpoints.answers import PLAN, VersionNumber, shown, venture_plan
from services.plans.plan.rules.markdown_writing import written
from services.plans.plan.schemas import OnConflict, PlanOut
from services.plans.plan.schemas.documents import PlanDocumentBody
from services.plans.plan.use_cases.documents import document_of, parse_json, parse_markdown
from services.plans.plan.use_cases.reading import version_of
from services.plans.plan.use_cases.saving import Save, save_plan
from services.plans.venture import store as ventures
from services.plans.venture.use_cases import missing_venture
from shared.contracts.identity import Role
from shared.kernel.errors import Invalid, field_error
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.problems import problem_responses
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["plans"])

_MARKDOWN, _JSON = "text/markdown", "application/json"
_REF = "#/components/schemas/{model}"
_SCHEMA = PlanDocumentBody.model_json_schema(ref_template=_REF)
_SCHEMA.pop("$defs")
_TEXT = """# Kopi Loop

<!-- trueup:values -->

| field | value |
| --- | --- |
| format | trueup.plan |
| format_version | 1 |

<!-- /trueup -->

## Vision

<!-- trueup:strategy.vision -->
Every office brews its own.
<!-- /trueup -->
"""
_CONTENT: dict[str, Any] = {
    _JSON: {"schema": _SCHEMA},
    _MARKDOWN: {"schema": {"type": "string"}, "example": _TEXT},
}


@router.get(
    PLAN + "/versions/{version}/export",
    operation_id="exportPlanVersion",
    response_class=Response,
    responses={200: {"description": "The version as a document", "content": _CONTENT}},
)
async def export_plan_version(
    venture_id: UUID,
    version: VersionNumber,
    call: Call,
    form: Annotated[Literal["markdown", "json"], Query(alias="format")] = "markdown",
) -> Response:
    """One version as Markdown or JSON, to be read by people and imported again without loss."""
    plan, _ = await venture_plan(call, venture_id)
    row = await version_of(call.session, plan, version)
    venture = await ventures.find(call.session, call.organization_id, venture_id)
    if venture is None:
        raise missing_venture()
    document = document_of(row, venture.name, (await call.organization()).base_currency)
    if form == "json":
        return Response(orjson.dumps(document.as_json(), option=orjson.OPT_INDENT_2), media_type=_JSON)
    return Response(written(document), media_type=f"{_MARKDOWN}; charset=utf-8")


@router.post(
    PLAN + "/import",
    needs=Role.MEMBER,
    operation_id="importPlan",
    responses={201: {"model": PlanOut, "description": "The venture's first plan"}} | problem_responses(415),
    openapi_extra={"requestBody": {"required": True, "content": _CONTENT}},
)
async def import_plan(  # noqa: PLR0917 - the parts of one request
    venture_id: UUID,
    call: Call,
    request: Request,
    response: Response,
    if_match: IfMatch,
    on_conflict: OnConflict = "refuse",
) -> PlanOut:
    """Save an exported document as a new version: application/json or text/markdown, as the export wrote it.

    Wrong input is answered field by field, for Markdown with its line. If-Match works as in a save.
    """
    document = await _parsed(request)
    base_currency = (await call.organization()).base_currency
    if document.currency not in (None, base_currency):
        reason = f"the document's amounts are in {document.currency}, this organization's in {base_currency}"
        raise Invalid("The document is in another currency.", errors=[field_error("currency", reason)])
    save = Save(document.content(), document.label, if_match, merge=on_conflict == "merge")
    saved = await save_plan(call.session, venture_id, save, call.actor)
    if saved.first:
        response.status_code = status.HTTP_201_CREATED
    return await shown(call, saved.plan, saved.version)


async def _parsed(request: Request) -> PlanDocumentBody:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind == _MARKDOWN:
        return parse_markdown(body)
    if kind == _JSON:
        return parse_json(body)
    raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, f"Send {_JSON} or {_MARKDOWN}.")
