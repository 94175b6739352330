"""Keys: UUID version 7 (RFC 9562), made by the service, ordered by time."""

from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["new_id"]


def new_id() -> UUID:
    """A new time-ordered key."""
    return uuid7()
