"""Waiting a moment for a read model to catch up with what the caller just did elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.errors import NotFound

T = TypeVar("T")

PATIENCE_SECONDS = 1.0
_STEP_SECONDS = 0.02


async def eventually(find: Callable[[], Awaitable[T | None]], patience: float = PATIENCE_SECONDS) -> T | None:
    """What ``find`` gives, asked again until it is there or the patience ends."""
    for _ in range(int(patience / _STEP_SECONDS)):
        if (found := await find()) is not None:
            return found
        await asyncio.sleep(_STEP_SECONDS)
    return await find()


async def known(session: AsyncSession, model: type[T], **key: Any) -> T:
    """The row of a read model, waiting up to a second for its event; else ``NotFound``."""

    async def find() -> T | None:
        return (await session.scalars(select(model).filter_by(**key))).one_or_none()

    row = await eventually(find)
    if row is None:
        name = model.__name__.removesuffix("View").lower()
        raise NotFound(f"There is no {name} with these ids in this organization.")
    return row
