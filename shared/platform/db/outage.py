"""Telling an outage (wait, try again) from a failure (of this event, of this request)."""

import psycopg
import psycopg_pool
import sqlalchemy.exc

OUTAGES = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    psycopg.OperationalError,
    psycopg_pool.PoolTimeout,
    psycopg_pool.PoolClosed,
    # an operator, or a database service whose disk is nearly full, has stopped all writing; a standby is asked
    psycopg.errors.ReadOnlySqlTransaction,
    # this process stood still for longer than a transaction may
    psycopg.errors.IdleInTransactionSessionTimeout,
    ConnectionError,
    TimeoutError,
)
"""What is waited for: these, and what SQLAlchemy wraps around them (``is_outage``)."""


def is_outage(error: BaseException) -> bool:
    """Whether the database is away, full, read-only, overloaded, or chose this transaction as a deadlock's victim."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and (
        error.connection_invalidated or isinstance(error.orig, OUTAGES)
    ):
        return True
    return isinstance(error, OUTAGES)
