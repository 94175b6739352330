"""Declaring endpoints: what they need, and what every one of them does the same way."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeVar
from urllib.parse import unquote_to_bytes

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute

from shared.contracts.identity import Role
from shared.kernel.errors import Invalid
from shared.platform.http import idempotency
from shared.platform.http.call import NEEDS, takes_idempotency_key
from shared.platform.http.problems import problem_responses

F = TypeVar("F", bound=Callable[..., Any])
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
TENANT_PREFIX = "/v1/organizations/{organization_id}"


_UNCHANGED = 304
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a request with the same key and body, and it acts once: the first answer is given again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the answer that you have; 304 when it is still the answer.",
    "schema": {"type": "string"},
}


class NulCharacter(Invalid):
    """PostgreSQL cannot hold U+0000, and no honest text contains it."""

    code = "nul_character"


class HalfCharacter(Invalid):
    """A surrogate without its other half is no text."""

    code = "half_character"


class TrueupRoute(APIRoute):
    """A route that knows idempotency keys, ETags and the characters that cannot be stored."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        header = None
        if idempotency.MUTATING & (self.methods or set()) and takes_idempotency_key(self.dependant):
            header = _IDEMPOTENCY_KEY
        elif _UNCHANGED in self.responses:
            header = _IF_NONE_MATCH
        if header is not None:
            said = self.openapi_extra or {}
            self.openapi_extra = said | {"parameters": [*said.get("parameters", []), header]}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with what every endpoint does around it."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            await _refuse_unstorable(request)
            try:
                response = await handle(request)
            except idempotency.Answered as answered:
                return answered.response
            if request.method == "GET":
                return _with_etag(request, response)
            await idempotency.finish(request, response)
            return response

        return handler


async def _refuse_unstorable(request: Request) -> None:
    address = request.scope["path"].encode() + unquote_to_bytes(request.scope["query_string"])
    body = await request.body()
    if b"\x00" in address or b"\\u0000" in body:
        raise NulCharacter("Remove the character U+0000 from the request.")
    # Half of a surrogate pair is no character: the standard library's parser lets it through, orjson does not.
    if b"\\ud" in body.lower():
        try:
            orjson.loads(body)
        except ValueError as error:
            raise HalfCharacter("A \\uD800-\\uDFFF escape stands alone; send whole characters.") from error


def _with_etag(request: Request, response: Response) -> Response:
    """Tag the answer by its version and content; 304 when the client has it."""
    body = getattr(response, "body", None)
    if response.status_code != 200 or body is None:  # noqa: PLR2004 - OK
        return response
    if "etag" not in response.headers:
        version = None
        if response.headers.get("content-type") == "application/json":
            content = orjson.loads(body)
            version = content.get("version") if isinstance(content, dict) else None
        digest = hashlib.blake2b(bytes(body), digest_size=8).hexdigest()
        response.headers["etag"] = f'"{version}-{digest}"' if isinstance(version, int) else f'W/"{digest}"'
    response.headers.setdefault("cache-control", "private, no-cache")
    seen = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if response.headers["etag"] in seen:
        return Response(status_code=304, headers={"etag": response.headers["etag"]})
    return response


class _Router:
    """Endpoints of one noun."""

    def __init__(self, prefix: str, tags: list[str]) -> None:
        self.api = APIRouter(prefix=prefix, tags=list(tags), route_class=TrueupRoute)

    def _route(self, method: Method, path: str, statuses: tuple[int, ...], **options: Any) -> Callable[[F], F]:
        unchanged: dict[int | str, dict[str, Any]] = {}
        whole = not issubclass(options.get("response_class", Response), StreamingResponse)
        if method == "GET" and whole and options.get("status_code", 200) == 200:  # noqa: PLR2004 - OK
            unchanged = {_UNCHANGED: {"description": "The answer is the one that If-None-Match names"}}
        responses = unchanged | problem_responses(*statuses) | options.pop("responses", {})
        decorate: Callable[[F], F] = self.api.api_route(path, methods=[method], responses=responses, **options)
        return decorate


class TenantRouter(_Router):
    """Endpoints under ``/v1/organizations/{organization_id}``, each with the role that it needs."""

    def __init__(self, tags: list[str]) -> None:
        super().__init__(TENANT_PREFIX, tags)

    def _tenant(self, method: Method, path: str, needs: Role, operation_id: str, **options: Any) -> Callable[[F], F]:
        statuses = (401, 403, 404, 422, 503) if method == "GET" else (400, 401, 403, 404, 409, 413, 422, 503)
        extra = {NEEDS: needs.value} | options.pop("openapi_extra", {})
        return self._route(method, path, statuses, operation_id=operation_id, openapi_extra=extra, **options)

    def get(self, path: str, *, operation_id: str, needs: Role = Role.VIEWER, **options: Any) -> Callable[[F], F]:
        """Declare a read."""
        return self._tenant("GET", path, needs, operation_id, **options)

    def post(self, path: str, *, operation_id: str, needs: Role, **options: Any) -> Callable[[F], F]:
        """Declare a creation or an action."""
        return self._tenant("POST", path, needs, operation_id, **options)

    def put(self, path: str, *, operation_id: str, needs: Role, **options: Any) -> Callable[[F], F]:
        """Declare a replacement."""
        return self._tenant("PUT", path, needs, operation_id, **options)

    def patch(self, path: str, *, operation_id: str, needs: Role, **options: Any) -> Callable[[F], F]:
        """Declare a change."""
        return self._tenant("PATCH", path, needs, operation_id, **options)

    def delete(self, path: str, *, operation_id: str, needs: Role, **options: Any) -> Callable[[F], F]:
        """Declare an archiving."""
        return self._tenant("DELETE", path, needs, operation_id, **options)


class PublicRouter(_Router):
    """Endpoints outside any organization; for who is signed in they take a ``SignedInCall``."""

    def __init__(self, tags: list[str], prefix: str = "/v1") -> None:
        super().__init__(prefix, tags)

    def _public(self, method: Method, path: str, operation_id: str, **options: Any) -> Callable[[F], F]:
        statuses = (401, 404, 422, 503) if method == "GET" else (400, 401, 403, 404, 409, 413, 422, 503)
        return self._route(method, path, statuses, operation_id=operation_id, **options)

    def get(self, path: str, *, operation_id: str, **options: Any) -> Callable[[F], F]:
        """Declare a read."""
        return self._public("GET", path, operation_id, **options)

    def post(self, path: str, *, operation_id: str, **options: Any) -> Callable[[F], F]:
        """Declare a creation or an action."""
        return self._public("POST", path, operation_id, **options)

    def patch(self, path: str, *, operation_id: str, **options: Any) -> Callable[[F], F]:
        """Declare a change."""
        return self._public("PATCH", path, operation_id, **options)

    def delete(self, path: str, *, operation_id: str, **options: Any) -> Callable[[F], F]:
        """Declare an ending."""
        return self._public("DELETE", path, operation_id, **options)
