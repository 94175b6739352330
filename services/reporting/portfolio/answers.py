"""Dashboards as they were last sent, made again only when something that they show has changed.

Every batch of events leaves a new mark beside its rows (``ChangeRow``), in its own transaction. Whoever reads the marks
before the rows therefore never takes an older dashboard for a newer one, whichever replica has applied the batch.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from weakref import WeakValueDictionary

from services.reporting.portfolio.schemas import PortfolioOut
from services.reporting.portfolio.store import Marks
from shared.kernel.periods import local_date
from shared.platform.tenancy.organizations import OrganizationView

KEPT_S = 10
"""No answer is kept any longer."""
MOST_KEPT = 100
"""Organizations whose dashboards a process keeps: some 60 KB each for a hundred ventures."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A dashboard as it is sent, with the tag by which a client asks whether it still is the same."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, dashboard: PortfolioOut) -> "Answer":
        """Encode a dashboard."""
        body = dashboard.model_dump_json().encode()
        return cls(body, f'W/"{hashlib.blake2b(body, digest_size=8).hexdigest()}"')


def ground(organization: OrganizationView, marks: Marks, now: datetime) -> Hashable:
    """All that a dashboard is made of, as far as it can change."""
    # A replica of the version before leaves no marks, so nothing is kept for long.
    window = int(now.timestamp() // KEPT_S)
    return organization, local_date(now, organization.time_zone), marks, window


class Answers:
    """The newest answer of each organization, and what it was made of."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[UUID, tuple[Hashable, Answer]] = OrderedDict()
        self._making: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def get(self, organization_id: UUID, ground: Hashable, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer that was made of ``ground``, else a new one; who asks meanwhile waits for it.

        What ``make`` reads must have been read after ``ground``.
        """
        if (known := self._find(organization_id, ground)) is not None:
            return known
        lock = self._making.get(organization_id)
        if lock is None:
            lock = self._making[organization_id] = asyncio.Lock()
        async with lock:
            if (known := self._find(organization_id, ground)) is not None:
                return known
            made = await make()
            self._kept[organization_id] = (ground, made)
            self._kept.move_to_end(organization_id)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return made

    def _find(self, organization_id: UUID, ground: Hashable) -> Answer | None:
        made_of, answer = self._kept.get(organization_id, (None, None))
        if answer is None or made_of != ground:
            return None
        self._kept.move_to_end(organization_id)
        return answer
