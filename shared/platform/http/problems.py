"""Everything that goes wrong becomes ``application/problem+json`` (RFC 9457), here and only here."""

from typing import Any

import psycopg
import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.kernel.errors import TrueupError
from shared.platform.db.outage import is_outage

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """A problem (RFC 9457). ``code`` is stable; ``detail`` says to a person what to change."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:trueup:problem:not_found"])
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] | None = None


_STATUS_CODES = {
    400: ("bad_request", "The request is not well-formed"),
    401: ("unauthorized", "Authentication required"),
    403: ("forbidden", "Forbidden"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "Method not allowed"),
    409: ("conflict", "Conflict"),
    413: ("body_too_large", "The body is too large"),
    415: ("unsupported_media_type", "Unsupported media type"),
    422: ("invalid", "A value is not acceptable"),
    429: ("too_many_requests", "Too many requests"),
    503: ("unavailable", "Temporarily unavailable"),
}


def problem_response(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """One problem as a response."""
    body = {"type": f"urn:trueup:problem:{code}", "title": title, "status": status, "code": code, "detail": detail}
    body |= {name: value for name, value in members.items() if value is not None}
    return JSONResponse(jsonable_encoder(body), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def from_error(error: TrueupError) -> JSONResponse:
    """A typed error as a response."""
    return problem_response(
        error.status,
        error.code,
        error.title,
        error.detail,
        headers=error.headers,
        errors=error.errors or None,
        **error.extra,
    )


async def _on_trueup_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TrueupError)
    return from_error(error)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, title = _STATUS_CODES.get(error.status_code, ("error", "The request cannot be carried out"))
    detail = error.detail or title
    headers = dict(error.headers) if error.headers else None
    return problem_response(error.status_code, code, title, detail, headers=headers)


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"loc": [_place(part) for part in item["loc"]], "msg": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return problem_response(422, "invalid", "A value is not acceptable", f"{place}: {first['msg']}", errors=errors)


def _place(part: Any) -> str | int:
    return part if isinstance(part, int) else str(part)


async def _on_database_error(_request: Request, error: Exception) -> Response:
    if is_outage(error):
        log.warning("http.outage", reason=repr(error))
        return problem_response(
            503,
            "unavailable",
            "Temporarily unavailable",
            "The database is busy or away; try again.",
            headers={"Retry-After": "1"},
        )
    origin = getattr(error, "orig", None)
    if isinstance(origin, psycopg.errors.InsufficientPrivilege):
        log.warning("http.row_refused", reason=str(origin).split("\n", maxsplit=1)[0])
        return problem_response(
            403, "outside_your_ventures", "Forbidden", "This lies outside of the ventures that you are limited to."
        )
    if isinstance(error, sqlalchemy.exc.DataError):
        return problem_response(
            422, "value_out_of_range", "A value is not acceptable", "A value is out of the range that can be stored."
        )
    if isinstance(error, sqlalchemy.exc.IntegrityError):
        log.warning("http.integrity", reason=str(error.orig).split("\n", maxsplit=1)[0])
        return problem_response(409, "conflict", "Conflict", "This conflicts with what is already stored.")
    return await _on_bug(_request, error)


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("http.bug", path=request.url.path, method=request.method, exc_info=error)
    return problem_response(
        500, "internal_error", "Internal error", "Something went wrong on our side; it was recorded."
    )


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(TrueupError, _on_trueup_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(sqlalchemy.exc.SQLAlchemyError, _on_database_error)
    app.add_exception_handler(psycopg.Error, _on_database_error)
    app.add_exception_handler(TimeoutError, _on_database_error)
    app.add_exception_handler(Exception, _on_bug)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an OpenAPI operation for some problem statuses."""
    return {
        status: {"$ref": f"#/components/responses/{_STATUS_CODES[status][0]}", "description": _STATUS_CODES[status][1]}
        for status in statuses
    }


def add_problem_components(document: dict[str, Any]) -> None:
    """Put what ``problem_responses`` refers to into an OpenAPI document."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(schema.pop("$defs"), Problem=schema)
    components["responses"] = {
        code: {"description": title, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        for code, title in _STATUS_CODES.values()
    }
