"""Refusing bodies that are too large, as a problem like every other.

FastAPI's own limit (and Starlette's behind it) answers in plain text.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kernel.errors import TrueupError
from shared.platform.http.problems import from_error

MAX_BODY_BYTES = 1024 * 1024
# Read and thrown away before the answer: a sender that is cut off while it writes does not see why.
_DRAINED_BYTES = 16 * MAX_BODY_BYTES


class BodyTooLarge(TrueupError):
    """The request's body is larger than is taken."""

    code = "body_too_large"
    status = 413
    title = "The body is too large"


class BodyLimitMiddleware:
    """Reads no more of a body than ``MAX_BODY_BYTES``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
            if int(announced) <= _DRAINED_BYTES:
                await _drain(receive)
            await from_error(_too_large())(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"A request's body has at most {MAX_BODY_BYTES} bytes.")


async def _drain(receive: Receive) -> None:
    message: Message = {"more_body": True}
    while message.get("more_body") and message.get("type") != "http.disconnect":
        message = await receive()


def _counted(receive: Receive) -> Receive:
    """A body of unknown length: the reader gets the error when it has become too large."""
    size = 0

    async def counting() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise _too_large()
        return message

    return counting
