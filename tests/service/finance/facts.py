"""Makers of the events that finance consumes."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.ingestion import SubscriptionChanged, SubscriptionItem
from shared.contracts.plans import VentureCreated, VentureStage
from shared.kernel.ids import new_id

CONNECTION = UUID(int=77)


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def item(unit: str = "100", **members: Any) -> SubscriptionItem:
    defaults: dict[str, Any] = {"item_id": "si_1", "interval": "month", "inclusive_tax_pct": Decimal(0)} | members
    return SubscriptionItem(unit_amount=Decimal(unit), **defaults)


def changed(
    organization: UUID, venture: UUID | None, effective: str, mrr: str = "100", **members: Any
) -> SubscriptionChanged:
    defaults: dict[str, Any] = {
        "connection_id": CONNECTION,
        "subscription_id": "sub_1",
        "revision": 1,
        "customer_id": "cus_1",
        "currency": "MYR",
        "status": "active",
        "items": (item(mrr),),
        "evidence": (f"evt_{effective}",),
    }
    return SubscriptionChanged(
        organization_id=organization, venture_id=venture, effective_at=at(effective), **defaults | members
    )


def venture_created(organization: UUID, name: str = "Kopi", **members: Any) -> VentureCreated:
    defaults: dict[str, Any] = {"venture_id": new_id(), "version": 1, "stage": VentureStage.GROWTH, "currency": "MYR"}
    return VentureCreated(organization_id=organization, name=name, **defaults | members)
