"""What must hold of the events themselves: none lost between a row, the log, and a consumer's inbox."""

import time
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from shared.contracts import EVENT_TYPES
from shared.contracts.event import Event
from shared.contracts.topology import CONSUMES
from shared.platform.bus.subscription import Subscription
from trueup.access import chosen_services, declared, operator_address
from trueup.verify.checks import SHOWN, Result

INBOX_DAYS = 13
"""The inbox forgets after 14 days; what is older is not asked for."""

TELLING: dict[str, tuple[str, str, str]] = {
    "venture.created": ("plans", "owned.ventures", "version"),
    "account.updated": ("finance", "owned.accounts", "version"),
    "metric.created": ("finance", "owned.metrics", "revision"),
    "payment.received": ("ingestion", "owned.payments", "version"),
    "payment.refunded": ("ingestion", "owned.refunds", "version"),
    "payment.disputed": ("ingestion", "owned.disputes", "version"),
    "subscription.changed": ("ingestion", "owned.subscription_states", "version"),
    "variance.computed": ("sync", "owned.variances", "version"),
    "alert.raised": ("sync", "owned.alerts", "version"),
    "projection.created": ("sync", "owned.projections", "version"),
    "plan.created": ("plans", "owned.plans", "version"),
}
"""Event type -> (service, table, version column) of what it tells; the key columns are those of the event."""
_OWN_ID = {
    "venture.created": "venture_id",
    "account.updated": "account_id",
    "alert.raised": "alert_id",
    "projection.created": "projection_id",
    "plan.created": "plan_id",
}
"""Where the table calls ``id`` what the event names."""


def run_all() -> list[Result]:
    """Every invariant."""
    return [_timed(check) for check in (versions_told, every_version_told, delivered, audited)]


def _timed(check: Any) -> Result:
    started = time.monotonic()
    result: Result = check()
    result.seconds = time.monotonic() - started
    return result


def _family(event: type[Event]) -> list[str]:
    """The event types that share a key: they tell of the same aggregate."""
    return [
        name
        for name, other in EVENT_TYPES.items()
        if (other.owner, other.key, other.sequence_field) == (event.owner, event.key, event.sequence_field)
    ]


def versions_told() -> Result:
    """The version of each row is the last that was published."""
    result = Result("versions told", "the stored version of every row is the last one that its events told")
    for name, (_service, table, version) in TELLING.items():
        event = EVENT_TYPES[name]
        columns = [("id" if _OWN_ID.get(name) == key else key) for key in event.key]
        query = sql.SQL(
            """
            SELECT r.organization_id, {keys}, r.{version} AS stored, t.told FROM {table} r
            FULL JOIN (
              SELECT organization_id, {told_keys}, max(sequence) AS told FROM (
                SELECT organization_id, sequence, payload::jsonb AS body FROM platform.event_log
                WHERE event_type = ANY (%s)
              ) e GROUP BY organization_id, {positions}
            ) t ON t.organization_id = r.organization_id AND {same}
            """
        ).format(
            keys=sql.SQL(", ").join(sql.SQL("r.{0}").format(sql.Identifier(column)) for column in columns),
            version=sql.Identifier(version),
            table=sql.SQL(table),
            told_keys=_told_keys(event.key),
            positions=sql.SQL(", ").join(sql.SQL(str(number + 2)) for number in range(len(columns))),
            same=sql.SQL(" AND ").join(
                sql.SQL("t.{0} = r.{1}::text").format(sql.Identifier(f"k{number}"), sql.Identifier(column))
                for number, column in enumerate(columns)
            ),
        )
        _count(result, name, query, "stored IS DISTINCT FROM told")
    return result


def every_version_told() -> Result:
    """Versions grow by one with each event: a gap is a lost event."""
    result = Result("no version missing", "the events of every row tell its versions 1, 2, 3 ... without a gap")
    for name in TELLING:
        event = EVENT_TYPES[name]
        query = sql.SQL(
            """
            SELECT organization_id, {told_keys}, min(sequence) AS first, max(sequence) AS last,
                   count(DISTINCT sequence) AS told
            FROM (SELECT organization_id, sequence, payload::jsonb AS body FROM platform.event_log
                  WHERE event_type = ANY (%s)) e
            GROUP BY organization_id, {positions}
            """
        ).format(
            told_keys=_told_keys(event.key),
            positions=sql.SQL(", ").join(sql.SQL(str(number + 2)) for number in range(len(event.key))),
        )
        _count(result, name, query, "first <> 1 OR told <> last")
    return result


def _told_keys(key: Iterable[str]) -> sql.Composable:
    """The members of an event's key as text, instants as PostgreSQL writes them."""
    parts = []
    for number, name in enumerate(key):
        text = "(body->>{0})::timestamptz::text" if name.endswith("_at") else "body->>{0}"
        parts.append(sql.SQL(text + " AS {1}").format(sql.Literal(name), sql.Identifier(f"k{number}")))
    return sql.SQL(", ").join(parts)


def _count(result: Result, name: str, query: sql.Composable, wrong: str) -> None:
    """Add a query's rows (of the aggregate that an event type tells of), and those that are wrong, to a result."""
    service, noun = TELLING[name][0], name.partition(".")[0]
    with psycopg.connect(operator_address(service), options="-c timezone=UTC -c work_mem=128MB") as connection:
        connection.execute(sql.SQL("CREATE TEMP TABLE told_rows AS {}").format(query), [_family(EVENT_TYPES[name])])
        rows = connection.execute("SELECT count(*) FROM told_rows").fetchone()
        result.rows += rows[0] if rows else 0
        found = connection.execute(f"SELECT * FROM told_rows WHERE {wrong}").fetchall()  # noqa: S608 - constants above
        result.differences += len(found)
        room = SHOWN - len(result.examples)
        result.examples += [f"{service} {noun} {' / '.join(map(str, row[1:]))}" for row in found[:room]]


def delivered() -> Result:
    """Every event that a service wants is in its inbox, or in its dead letters."""
    result = Result(
        "delivered", "every logged event was applied by each service that wants it, or lies in its dead letters"
    )
    for service in chosen_services():
        if service not in CONSUMES:
            continue
        arrived = _ids(
            service,
            "SELECT event_id::text FROM platform.inbox"
            " UNION ALL SELECT event_id FROM platform.dead_letters WHERE event_id IS NOT NULL",
        )
        for subscription in declared(service).all_subscriptions:
            for owner in _publishers_of(subscription):
                sent = _ids(
                    owner,
                    "SELECT event_id::text FROM platform.event_log WHERE event_type = ANY (%s)"
                    " AND event_id >= platform.uuid_floor(now() - make_interval(days => %s))",
                    [sorted(subscription.wanted), INBOX_DAYS],
                )
                _count_lost(result, f"{service} never applied {{}} of {owner}", sent, arrived)
    return result


def audited() -> Result:
    """The audit log is what the services told: every deed is an entry, and every entry was a deed."""
    result = Result("audited", "every deed that a service told of is one entry of the audit log, which has no other")
    kept = _ids("identity", "SELECT id::text FROM owned.audit_entries")
    told: set[str] = set()
    for service in chosen_services():
        its = _ids(service, "SELECT event_id::text FROM platform.event_log WHERE event_type = 'audit.recorded'")
        _count_lost(result, f"the audit log lacks {{}} of {service}", its, kept)
        told |= its
    _count_lost(result, "the audit log has {}, which no service told", kept, told)
    return result


def _publishers_of(subscription: Subscription) -> list[str]:
    """Whose events a subscription reads: those of a stream's owner, of an internal stream everybody's."""
    internal = any(event.internal for event in subscription.events)
    return chosen_services() if internal else [subscription.stream.lower()]


def _count_lost(result: Result, sentence: str, sent: set[str], arrived: set[str]) -> None:
    lost = sent - arrived
    result.rows += len(sent)
    result.differences += len(lost)
    room = SHOWN - len(result.examples)
    result.examples += [sentence.format(identity) for identity in sorted(lost)[:room]]


def _ids(service: str, query: str, parameters: list[Any] | None = None) -> set[str]:
    with psycopg.connect(operator_address(service)) as connection:
        return {row[0] for row in connection.execute(query, parameters)}


def notes() -> list[str]:
    """What is no difference, and yet an operator's business."""
    found = []
    for service in chosen_services():
        with psycopg.connect(operator_address(service)) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM platform.dead_letters WHERE state = 'open'),"
                " (SELECT count(*) FROM platform.outbox_dead)"
            ).fetchone()
            letters, refused = row or (0, 0)
            if letters:
                found.append(f"{service}: {letters} open dead letters (trueup dead-letters list)")
            if refused:
                found.append(f"{service}: {refused} events that the bus refused (trueup dead-letters unpublished)")
            if service == "ingestion":
                parked = connection.execute(
                    "SELECT count(*) FROM owned.parked_events WHERE status <> 'resolved'"
                ).fetchone()
                if parked and parked[0]:
                    found.append(f"ingestion: {parked[0]} parked events, in no figure yet")
    return found
