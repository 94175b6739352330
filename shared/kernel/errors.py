"""Errors that a caller can act on.

A service declares its errors as subclasses next to the code that raises them; the
platform turns them into ``application/problem+json`` (RFC 9457) in one place.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class TrueupError(Exception):
    """Something a caller did, or asked for, that cannot be done.

    ``code`` is stable and machine-readable, ``status`` the HTTP status, ``detail`` says
    to a person what to change; ``extra`` members travel beside them in the problem.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors or [])
        self.headers = dict(headers or {})
        self.extra = extra


class NotFound(TrueupError):
    """The object does not exist, or belongs to another organization."""

    code = "not_found"
    status = 404
    title = "Not found"


class Forbidden(TrueupError):
    """The caller is known but lacks the right."""

    code = "forbidden"
    status = 403
    title = "Forbidden"


class Unauthorized(TrueupError):
    """There is no token, or it is not valid."""

    code = "unauthorized"
    status = 401
    title = "Authentication required"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class Conflict(TrueupError):
    """The state of the object does not allow it."""

    code = "conflict"
    status = 409
    title = "Conflict"


class Invalid(TrueupError):
    """The request is well-formed, but a value in it is not acceptable."""

    code = "invalid"
    status = 422
    title = "A value is not acceptable"


class Unavailable(TrueupError):
    """Something this service depends on is away; the same request may work later."""

    code = "unavailable"
    status = 503
    title = "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after_seconds: int = 1, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)}, **extra)


def field_error(field: str, message: str, kind: str = "value_error") -> dict[str, Any]:
    """One entry of a problem's ``errors`` list: where, what, and its kind."""
    return {"loc": ["body", *field.split(".")], "msg": message, "type": kind}
