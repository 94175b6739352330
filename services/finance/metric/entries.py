"""Entering, importing and withdrawing actuals by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.custom_metric.store import Definition
from services.finance.custom_metric.use_cases import known_definitions
from services.finance.metric import store
from services.finance.metric.carrying import follow
from services.finance.metric.schemas import EnteredSource, Entry
from services.finance.metric.use_cases import MetricRow, announce
from shared.contracts.finance import MONEY_KINDS, MetricKind, is_custom
from shared.kernel.errors import Invalid, NotFound, field_error
from shared.kernel.periods import local_date
from shared.platform.db.bulk import lock_keys
from shared.platform.tenancy.organizations import OrganizationView


class InTheFuture(Invalid):
    """An actual is of a day that has come."""

    code = "observed_in_the_future"


class NamedTwice(Invalid):
    """An import names one day of one metric twice."""

    code = "named_twice"


class UnknownMetric(Invalid):
    """An actual is of a kind, or of a custom metric that a current plan defines."""

    code = "unknown_metric"


@dataclass(frozen=True, slots=True)
class Entering:
    """Who enters actuals of which venture, and when; ``place`` is where the n-th one stands in the request."""

    organization: OrganizationView
    venture_id: UUID
    user_id: UUID
    now: datetime
    place: str = ""


async def enter(
    session: AsyncSession, entries: Sequence[Entry], source: EnteredSource, entering: Entering
) -> tuple[list[dict[str, Any]], int]:
    """Enter actuals; gives their columns in the given order, and how many of them were news.

    The same day entered again with another value or note is a new revision; the same content is not.
    """
    _check_days(entries, entering)
    custom = await _custom_metrics(session, entries, entering)
    # One writer at a time for each venture: two first entries of one day would both be revision 1.
    await lock_keys(session, "finance.entered", [(str(entering.organization.id), str(entering.venture_id))])
    rows = [_row(entry, source, entering, custom.get(entry.metric)) for entry in entries]
    known = await store.stored(session, [_key(row) for row in rows])
    results, news = [], []
    for row in rows:
        before = known.get(_key(row))
        same = before is not None and (before.value, before.note) == (row["value"], row["note"])
        if before is not None and same and not before.withdrawn and before.carried_from is None:
            results.append(dict(before._asdict()))
            continue
        row["revision"] = 1 if before is None else before.revision + 1
        results.append(row)
        news.append(row)
    await announce(session, news)
    await follow(session, news, entering.now)
    return results, len(news)


async def withdraw(
    session: AsyncSession, metric: str, observed_on: date, source: EnteredSource, entering: Entering
) -> None:
    """Take an entered actual back: it no longer counts, and the next source does."""
    await lock_keys(session, "finance.entered", [(str(entering.organization.id), str(entering.venture_id))])
    key = (entering.organization.id, entering.venture_id, metric, observed_on, source.value)
    before = (await store.stored(session, [key])).get(key)
    if before is None or before.withdrawn:
        raise NotFound(f"There is no {source.value} {metric} of {observed_on} for this venture.")
    changed = {"revision": before.revision + 1, "withdrawn": True, "recorded_at": entering.now}
    row = dict(before._asdict()) | changed | {"recorded_by": entering.user_id, "carried_from": None}
    await announce(session, [row])
    await follow(session, [row], entering.now)


def _check_days(entries: Sequence[Entry], entering: Entering) -> None:
    today = local_date(entering.now, entering.organization.time_zone)
    late = [place for place, entry in enumerate(entries) if entry.observed_on > today]
    if late:
        message = f"lies after today ({today}) in {entering.organization.time_zone}"
        raise InTheFuture(
            "An actual is of a day that has come.",
            errors=[field_error(f"{entering.place.format(place)}observed_on", message) for place in late[:100]],
        )
    if len({(entry.metric, entry.observed_on) for entry in entries}) < len(entries):
        raise NamedTwice("Name each day of a metric once.")


async def _custom_metrics(
    session: AsyncSession, entries: Sequence[Entry], entering: Entering
) -> Mapping[str, Definition]:
    """What plans say of the custom metrics among entries; ``UnknownMetric`` when no plan defines one of them."""
    wanted = {entry.metric for entry in entries if is_custom(entry.metric)}
    if not wanted:
        return {}
    known = await known_definitions(session, entering.organization.id, entering.venture_id, wanted)
    unknown = [(place, entry.metric) for place, entry in enumerate(entries) if entry.metric in wanted - known.keys()]
    if unknown:
        names = ", ".join([*MetricKind, *sorted(known)])
        raise UnknownMetric(
            "There is no such metric; a plan of the organization may define it (targets.custom_metrics).",
            errors=[
                field_error(f"{entering.place.format(place)}metric", f"there is no metric {name}; there are {names}")
                for place, name in unknown[:100]
            ],
        )
    return known


def _key(row: MetricRow) -> tuple[Any, ...]:
    return tuple(row[name] for name in store.KEY)


def _row(entry: Entry, source: EnteredSource, entering: Entering, custom: Definition | None) -> MetricRow:
    return {
        "organization_id": entering.organization.id,
        "venture_id": entering.venture_id,
        "metric": entry.metric,
        "observed_on": entry.observed_on,
        "source": source.value,
        "revision": 1,
        "value": entry.value,
        "currency": entering.organization.base_currency if entry.metric in MONEY_KINDS else None,
        "unit": custom.unit if custom else None,
        "unconverted": {},
        "policy_version": None,
        "note": entry.note,
        "withdrawn": False,
        "recorded_at": entering.now,
        "recorded_by": entering.user_id,
        "carried_from": None,
    }
