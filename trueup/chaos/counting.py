"""The exact counts at the end: what a ledger holds beside what was told, and each logged event once in its stream."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from nats.aio.client import Client

from shared.contracts import INTERNAL_TYPES
from shared.contracts.topology import stream_of, stream_subjects
from trueup.access import chosen_services, operator_address
from trueup.chaos.history import Expected
from trueup.events.reading import last_sequence, read_until

_SUMS = """
SELECT currency, count(*), sum(amount_minor)::bigint FROM owned.{table}
WHERE organization_id = %s AND amount_minor <> 0 GROUP BY currency ORDER BY currency
"""
_DEAD = {
    "open dead letters": "SELECT id::text FROM platform.dead_letters WHERE state = 'open'",
    "refused events": "SELECT event_id::text FROM platform.outbox_dead",
}
_PARKED = "SELECT id::text FROM owned.parked_events WHERE status <> 'resolved'"


@dataclass
class Check:
    """One thing that must hold at the end; ``wrong`` names what does not."""

    name: str
    found: str = ""
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong


def ledger(organization_id: str, expected: Expected) -> Check:
    """Raw events, payments and refunds of an organization: as many, and as much, as was told."""
    check = Check("each webhook counted once")
    with psycopg.connect(operator_address("ingestion")) as connection:
        stored = connection.execute(
            "SELECT count(*) FROM owned.raw_events WHERE organization_id = %s", [organization_id]
        ).fetchone()
        _compare(check, "webhooks", stored[0] if stored else 0, expected.events)
        for table, told in (("payments", expected.payments), ("refunds", expected.refunds)):
            rows = connection.execute(_SUMS.format(table=table), [organization_id]).fetchall()
            held = {currency: (count, total) for currency, count, total in rows}
            _compare(check, table, held, told)
    check.found = (
        f"{expected.events:,} webhooks, {_told(expected.payments)} payments, {_told(expected.refunds)} refunds"
    )
    return check


def _told(sums: Mapping[str, tuple[int, int]]) -> str:
    return f"{sum(count for count, _ in sums.values()):,}"


def _compare(check: Check, what: str, held: Any, told: Any) -> None:
    if held != told:
        check.wrong.append(f"{what}: {held} are stored, {told} were told")


def same_figures(disturbed: list[Mapping[str, Any]], undisturbed: list[Mapping[str, Any]]) -> Check:
    """Every figure of the disturbed organization is that of the undisturbed one, and nothing else."""
    check = Check("figures as in the undisturbed run", f"{len(undisturbed):,} figures")
    if not undisturbed:
        check.wrong.append("the undisturbed run has no figures")
    left, right = _without_name(undisturbed), _without_name(disturbed)
    check.wrong += [f"missing: {dict(figure)}" for figure in (left - right).elements()]
    check.wrong += [f"instead: {dict(figure)}" for figure in (right - left).elements()]
    return check


def _without_name(figures: list[Mapping[str, Any]]) -> Counter[tuple[tuple[str, Any], ...]]:
    return Counter(
        tuple((name, value) for name, value in figure.items() if name != "organization") for figure in figures
    )


def waiting_for_an_operator() -> dict[str, set[str]]:
    """What nobody applies any more without being told to: dead letters, refused and parked events."""
    found: dict[str, set[str]] = {}
    for service in chosen_services():
        queries = _DEAD | ({"parked events": _PARKED} if service == "ingestion" else {})
        with psycopg.connect(operator_address(service)) as connection:
            for what, query in queries.items():
                found[f"{service}: {what}"] = {row[0] for row in connection.execute(query)}
    return found


def dead_letters(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> Check:
    """Nothing was given up since the campaign began."""
    check = Check("nothing in dead letters", "dead letters, refused and parked events")
    for place, ids in after.items():
        check.wrong += [f"{place}: {each}" for each in sorted(ids - before.get(place, set()))]
    return check


async def positions(client: Client) -> dict[str, tuple[int, int]]:
    """Per publishing service: the last message of its stream, and the last position that its event log has."""
    found = {}
    for service in _publishers():
        with psycopg.connect(operator_address(service)) as connection:
            row = connection.execute("SELECT coalesce(max(position), 0) FROM platform.event_log").fetchone()
        found[service] = (await last_sequence(client, stream_of(service)), row[0] if row else 0)
    return found


async def streams(client: Client, since: Mapping[str, tuple[int, int]]) -> Check:
    """Each public event that was logged since then is in its stream, once, and the stream has no other."""
    check, total = Check("each event once in its stream"), 0
    for service, (sequence, position) in since.items():
        with psycopg.connect(operator_address(service)) as connection:
            rows = connection.execute(
                "SELECT event_id::text FROM platform.event_log WHERE position > %s AND event_type <> ALL (%s)",
                [position, list(INTERNAL_TYPES)],
            ).fetchall()
        logged = {row[0] for row in rows}
        stream = stream_of(service)
        last, published = await last_sequence(client, stream), Counter[str]()
        async for messages in read_until(client, stream, last, start=sequence + 1):
            published.update((message.headers or {}).get("ce-id", "no id") for message in messages)
        check.wrong += [f"{stream} lacks {each}" for each in sorted(logged - set(published))]
        check.wrong += [f"{stream} has {each}, which was never logged" for each in sorted(set(published) - logged)]
        check.wrong += [f"{stream} has {each} {often} times" for each, often in sorted(published.items()) if often > 1]
        total += len(logged)
    check.found = f"{total:,} events"
    return check


def _publishers() -> list[str]:
    return [service for service in chosen_services() if stream_of(service) in stream_subjects()]
