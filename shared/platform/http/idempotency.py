"""``Idempotency-Key``: the same key and body gives the first answer again, another body is a conflict.

The key's row is written in the request's own transaction: a request that failed leaves no key behind, and
two at once wait for each other. The kept answer is sealed: it may hold a secret that is shown only once.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.clock import now
from shared.kernel.errors import Conflict, Invalid
from shared.platform.db.platform_tables import IdempotencyKeyRow
from shared.platform.secrets import SecretBox

if TYPE_CHECKING:
    from shared.platform.service import Runtime

HEADER = "idempotency-key"
MUTATING = frozenset(["POST", "PUT", "PATCH", "DELETE"])
_MAX_KEY = 255


class IdempotencyConflict(Conflict):
    """The key was used for another request."""

    code = "idempotency_key_reused"


class Answered(Exception):
    """This request was answered before."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def begin(request: Request, session: AsyncSession, caller: str) -> None:
    """Claim the request's key, if it has one; raises ``Answered`` when it was answered before."""
    key = request.headers.get(HEADER)
    if key is None or request.method not in MUTATING:
        return
    if not key or len(key) > _MAX_KEY or "\x00" in key:
        raise Invalid(f"An Idempotency-Key has 1 to {_MAX_KEY} characters.")
    body = await request.body()
    fingerprint = hashlib.sha256(
        f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    ).hexdigest()
    claimed = await session.scalar(
        insert(IdempotencyKeyRow)
        .values(caller=caller, key=key, request_hash=fingerprint, created_at=now())
        .on_conflict_do_nothing()
        .returning(IdempotencyKeyRow.key)
    )
    if claimed is None:
        row = (await session.scalars(select(IdempotencyKeyRow).filter_by(caller=caller, key=key))).one()
        if row.request_hash != fingerprint:
            raise IdempotencyConflict("This Idempotency-Key was used for another request; take a new one.")
        headers = dict(row.headers or {}) | {"Idempotency-Replayed": "true"}
        kept = _box(request).open((row.body or b"").decode(), _context(caller, key))
        raise Answered(Response(kept, status_code=row.status or 200, headers=headers))
    request.state.idempotency = (session, caller, key)


async def finish(request: Request, response: Response) -> None:
    """Keep the answer beside the effect, in the same transaction."""
    claim: tuple[AsyncSession, str, str] | None = getattr(request.state, "idempotency", None)
    if claim is None:
        return
    session, caller, key = claim
    sealed = _box(request).seal(bytes(response.body).decode(), _context(caller, key))
    kept: dict[str, Any] = {
        name: value for name, value in response.headers.items() if name in ("content-type", "etag", "location")
    }
    await session.execute(
        update(IdempotencyKeyRow)
        .where(IdempotencyKeyRow.caller == caller, IdempotencyKeyRow.key == key)
        .values(status=response.status_code, body=sealed.encode(), headers=kept)
    )


def _box(request: Request) -> SecretBox:
    runtime: Runtime = request.app.state.runtime
    return SecretBox(runtime.settings.secret_key_bytes)


def _context(caller: str, key: str) -> str:
    return f"idempotency:{caller}:{key}"
