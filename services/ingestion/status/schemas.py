"""What the status of ingestion shows."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.kernel.money import Amount, CurrencyCode, Percent
from shared.platform.http.bodies import Answer


class CurrencyLinking(Answer):
    """How much of the payments in one currency belongs to an account."""

    currency: CurrencyCode
    payments: int
    amount: Amount
    unlinked_payments: int
    unlinked_amount: Amount
    unlinked_share_pct: Percent | None


class ConnectionStatus(Answer):
    """How fresh and complete one connection is.

    ``lag_seconds``: the age of the oldest webhook that waits to be normalised (0: none waits).
    ``freshness``: ``fresh`` (an event within a day), ``aging`` (within a week), ``stale`` (older), ``silent``
    (never), ``disabled``.
    """

    connection_id: UUID
    name: str
    status: Literal["active", "disabled"]
    last_event_at: datetime | None
    last_event_type: str | None
    events: int
    pending: int
    lag_seconds: int
    parked: int
    last_parked_error: str | None
    freshness: Literal["fresh", "aging", "stale", "silent", "disabled"]
    unlinked_share_pct: Percent | None
    currencies: list[CurrencyLinking]


class IngestionStatus(Answer):
    """The status of every connection."""

    connections: list[ConnectionStatus]
