"""The declarative base of sync's tables."""

from shared.platform.db.tables import TrueupTable, new_metadata


class SyncTable(TrueupTable):
    """Base of every table of this service."""

    __abstract__ = True
    metadata = new_metadata()
