"""The hot path's way to PostgreSQL: several reads in one round trip, on the transaction's own connection."""

from shared.platform.db.driver import Rows, run
from shared.platform.db.driver import Statement as Reading

__all__ = ["Reading", "Rows", "read"]

read = run
