"""Making observations from revenue, and announcing those that changed."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import VentureKey
from services.finance.metric import store
from services.finance.metric.rules import Figure, Figures, calculated_figures, carried_figures
from services.finance.revenue.store import VentureDays
from services.finance.terms import Terms
from shared.contracts.finance import (
    MONEY_KINDS,
    CustomMetricCreated,
    MetricCreated,
    MetricKind,
    MetricObservation,
    MetricSource,
    UnconvertedAmount,
    is_custom,
)
from shared.kernel.clock import now, today
from shared.platform.bus.outbox import emit_all

MetricRow = dict[str, Any]


async def observe(
    session: AsyncSession,
    history: VentureDays,
    calculated: store.Calculated,
    since: Mapping[VentureKey, date],
    *,
    terms: Terms,
    traces: Mapping[VentureKey, str | None],
    ended: date | None = None,
) -> int:
    """Bring the calculated metrics of (locked) ventures in line with their revenue, since a day each.

    Only what differs is written, with its revision raised, and announced; a day that lost its reason
    is withdrawn. Days that have not come yet are left to the queue of due days. ``history`` holds the
    revenue days since ``history_from`` of that day, ``calculated`` what is stored since that day or an
    earlier one. Days that ended keep their figures, carried forward if nothing happened on them; ``ended`` is
    one that just did. Gives how many metrics changed.
    """
    rows: list[MetricRow] = []
    expected: list[tuple[VentureKey, date]] = []
    for key in sorted(since):
        stored = {named: row for named, row in calculated.get(key, {}).items() if named[1] >= since[key]}
        carried = {day for (_kind, day), row in stored.items() if row.carried_from is not None}
        carried |= {ended} if ended is not None else set()
        days, currency = history.get(key, []), terms.currency(key.organization_id)
        figures = carried_figures(days, currency, carried) | calculated_figures(days, currency, since[key])
        current = today(terms.zone(key.organization_id))
        expected += [(key, day) for day in sorted({day for _, day in figures}) if day > current]
        come = {named: figure for named, figure in figures.items() if named[1] <= current}
        rows += _changed(key, come, stored, terms)
    await store.expect(session, expected)
    await store.write(session, rows)
    await emit_all(session, [created(row, traces.get(_venture_of(row))) for row in rows])
    return len(rows)


def _venture_of(row: MetricRow) -> VentureKey:
    return VentureKey(row["organization_id"], row["venture_id"])


def _changed(
    key: VentureKey,
    figures: Figures,
    stored: Mapping[tuple[MetricKind, date], Any],
    terms: Terms,
) -> list[MetricRow]:
    """The rows to write, in order of day and kind."""
    recorded_at = now()
    rows: list[MetricRow] = []
    for kind, day in sorted(figures.keys() | stored.keys(), key=lambda named: (named[1], named[0])):
        figure, known = figures.get((kind, day)), stored.get((kind, day))
        if figure is None:
            assert known is not None, "a key is in one of the two"
            if known.withdrawn:
                continue
            content = {name: getattr(known, name) for name in _CONTENT} | {"withdrawn": True}
        else:
            content = _content(kind, figure, key.organization_id, terms)
            if known is not None and all(getattr(known, name) == content[name] for name in _CONTENT):
                continue
        rows.append(
            key._asdict()
            | {"metric": kind.value, "observed_on": day, "source": MetricSource.CALCULATED.value}
            | {"revision": 1 if known is None else known.revision + 1}
            | content
            | {"note": None, "recorded_at": recorded_at, "recorded_by": None}
        )
    return rows


_CONTENT = ("value", "currency", "unconverted", "policy_version", "withdrawn", "carried_from")


def _content(kind: MetricKind, figure: Figure, organization_id: UUID, terms: Terms) -> MetricRow:
    return {
        "value": figure.value,
        "currency": terms.currency(organization_id) if kind in MONEY_KINDS else None,
        "unconverted": {currency: f"{amount:f}" for currency, amount in sorted(figure.unconverted.items())},
        "policy_version": terms.policy(organization_id).version,
        "withdrawn": False,
        "carried_from": figure.carried_from,
    }


def evidence_of(venture_id: UUID, metric: str, observed_on: date) -> str:
    """Where a figure opens into the rows and events behind it, relative to its organization."""
    return f"ventures/{venture_id}/metrics/{metric}/{observed_on}"


_SAID = (
    *("organization_id", "venture_id", "metric", "observed_on", "source", "revision", "value", "currency"),
    *("policy_version", "note", "withdrawn", "recorded_at", "carried_from"),
)


def created(row: MetricRow, trace: str | None = None) -> MetricObservation:
    """The event that tells of a metric row; custom metrics have one of their own."""
    said: dict[str, Any] = {name: row[name] for name in _SAID}
    said["unconverted"] = unconverted_amounts(row["unconverted"])
    said["evidence"] = (evidence_of(row["venture_id"], row["metric"], row["observed_on"]),)
    if is_custom(row["metric"]):
        return CustomMetricCreated(**said, unit=row["unit"]).caused(trace)
    return MetricCreated(**said).caused(trace)


def unconverted_amounts(stored: Mapping[str, str]) -> tuple[UnconvertedAmount, ...]:
    """Stored amounts in other currencies, in order of currency."""
    return tuple(
        UnconvertedAmount(currency=currency, amount=Decimal(amount)) for currency, amount in sorted(stored.items())
    )


async def announce(session: AsyncSession, rows: Sequence[MetricRow]) -> None:
    """Write entered or imported metrics and announce them."""
    await store.write(session, rows)
    await emit_all(session, [created(row) for row in rows])
