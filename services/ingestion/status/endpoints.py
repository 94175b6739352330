"""The status of ingestion over HTTP."""

from datetime import datetime
from typing import Any

from services.ingestion.connection.models import StripeConnection
from services.ingestion.status import store
from services.ingestion.status.rules import freshness, share_pct
from services.ingestion.status.schemas import ConnectionStatus, CurrencyLinking, IngestionStatus
from services.ingestion.status.store import Activity
from shared.kernel.currency import minor_to_decimal
from shared.platform.http.call import Call
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["ingestion status"])


@router.get("/ingestion/status", operation_id="getIngestionStatus")
async def get_ingestion_status(call: Call) -> IngestionStatus:
    """How fresh and how complete every connection is, and how much of its money is unlinked."""
    connections = await store.connections(call.session, call.organization_id)
    activity = await store.activity(call.session, call.organization_id)
    linking = await store.linking(call.session, call.organization_id)
    return IngestionStatus(
        connections=[_shown(each, activity[each.id], linking.get(each.id, []), call.now) for each in connections]
    )


def _shown(connection: StripeConnection, active: Activity, rows: list[Any], now: datetime) -> ConnectionStatus:
    oldest = active.oldest_pending_at
    payments = sum(row[2] for row in rows)
    return ConnectionStatus.model_validate(
        {
            "connection_id": connection.id,
            "name": connection.name,
            "status": connection.status,
            "last_event_at": active.last_event_at,
            "last_event_type": active.last_event_type,
            "events": active.events,
            "pending": active.pending,
            "lag_seconds": 0 if oldest is None else max(int((now - oldest).total_seconds()), 0),
            "parked": active.parked,
            "last_parked_error": active.last_parked_error,
            "freshness": freshness(connection.status, active.last_event_at, now),
            "unlinked_share_pct": share_pct(sum(row[4] for row in rows), payments),
            "currencies": [_linking(row) for row in rows],
        }
    )


def _linking(row: Any) -> CurrencyLinking:
    _, currency, payments, total, unlinked, unlinked_total = row
    return CurrencyLinking(
        currency=currency,
        payments=payments,
        amount=minor_to_decimal(int(total), currency),
        unlinked_payments=unlinked,
        unlinked_amount=minor_to_decimal(int(unlinked_total), currency),
        unlinked_share_pct=share_pct(int(unlinked_total), int(total)),
    )
