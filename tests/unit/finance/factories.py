"""Makers of subscription changes, items and discounts with sensible defaults."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.finance.subscription.rules import Change, churned_at, state_of
from shared.contracts.ingestion import SubscriptionDiscount, SubscriptionItem

VENTURE = UUID(int=1)
OTHER_VENTURE = UUID(int=2)


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def item(unit: str | None = "100", interval: str | None = "month", **members: Any) -> SubscriptionItem:
    defaults = {"item_id": "si_1", "inclusive_tax_pct": Decimal(0)} | members
    return SubscriptionItem(unit_amount=None if unit is None else Decimal(unit), interval=interval, **defaults)


def discount(**members: Any) -> SubscriptionDiscount:
    defaults = {"discount_id": "di_1", "duration": "forever", "start": at("2026-01-01")} | members
    return SubscriptionDiscount(**defaults)


def change(effective: str, mrr: str = "100", **members: Any) -> Change:
    effective_at = at(effective)
    defaults: dict[str, Any] = {
        "status": "active",
        "currency": "MYR",
        "customer": "customer:c",
        "venture_id": VENTURE,
        "items": (item(mrr),),
    }
    ended_at = members.pop("ended_at", None)
    period_end = members.pop("current_period_end", None)
    at_period_end = members.pop("cancel_at_period_end", False)
    made = defaults | members
    state = state_of(made["status"], paused=made.get("paused", False), deleted=made.get("deleted", False))
    ended = churned_at(
        state,
        effective_at=effective_at,
        ended_at=at(ended_at) if ended_at else None,
        cancel_at_period_end=at_period_end,
        current_period_end=at(period_end) if period_end else None,
    )
    return Change(effective_at=effective_at, churned_at=ended, **made)
