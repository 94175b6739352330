"""``var/demo/summary.json``: everything that another program needs to look at the demo."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.contracts.topology import SERVICES
from trueup.demo.door import Endpoint, Person
from trueup.demo.load import Company
from trueup.engines.processes import write_private

READER = "READER"


def service_url(service: str) -> str:
    """The address of a service's first replica."""
    return os.environ[f"TRUEUP_{service.upper()}_URL"].split(",")[0]


def services() -> dict[str, dict[str, str | None]]:
    """Every service's addresses; the database's is the operator's, which sees every tenant."""
    return {
        service: {
            "url": service_url(service),
            "metrics_url": f"{service_url(service)}/metrics",
            "database_url": os.environ.get(f"TRUEUP_{service.upper()}_OPERATOR_URL"),
        }
        for service in SERVICES
    }


def login(person: Person) -> dict[str, str]:
    """What somebody logs in with."""
    return {"email": person.email, "password": person.password}


def stripe(endpoint: Endpoint) -> dict[str, str]:
    """Where signed webhooks go, through the gateway and past it."""
    return {
        "connection_id": endpoint.connection_id,
        "webhook_url": endpoint.url,
        "direct_webhook_url": f"{service_url('ingestion')}/webhooks/stripe/{endpoint.connection_id}",
        "webhook_secret": endpoint.secret,
    }


def venture(shown: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the dashboard."""
    return {
        "id": shown["id"],
        "name": shown["name"],
        "target_mrr": shown["target_mrr"],
        "actual_mrr": shown["actual_mrr"],
        "variance_pct": shown["variance_pct"],
        "status": shown["status"],
        "alerts": [{name: alert[name] for name in ("id", "type", "severity", "title")} for alert in shown["alerts"]],
    }


def summarise(
    company: Company,
    viewer: Person,
    other: Company,
    portfolio: Mapping[str, Any],
    *,
    report_pdf: Path | None,
    latency_ms: Mapping[str, float],
    events: int,
) -> dict[str, Any]:
    """The whole summary."""
    return {
        "organization_id": company.organization_id,
        "gateway_url": service_url("gateway"),
        "admin": login(company.admin),
        "viewer": login(viewer),
        "other_organization": {"organization_id": other.organization_id, "admin": login(other.admin)},
        "stripe": stripe(company.endpoints["newer"]),
        "nats": {
            "url": os.environ["TRUEUP_NATS_URL"],
            "user": os.environ[f"TRUEUP_{READER}_NATS_USER"],
            "password": os.environ[f"TRUEUP_{READER}_NATS_PASSWORD"],
        },
        "services": services(),
        "ventures": [venture(shown) for shown in portfolio["ventures"]],
        "report_pdf": str(report_pdf) if report_pdf else None,
        "latency_ms": dict(latency_ms),
        "events": events,
    }


def write(file: Path, summary: Mapping[str, Any]) -> None:
    """Write it, readable by its owner only: it holds passwords."""
    write_private(file, json.dumps(summary, indent=2))
