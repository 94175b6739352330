"""The tables of identity hang on this base."""

from shared.platform.db.tables import TrueupTable, new_metadata


class IdentityTable(TrueupTable):
    """Base of the tables of identity."""

    __abstract__ = True
    metadata = new_metadata()
