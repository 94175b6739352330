"""The tables of plans hang on this base."""

from shared.platform.db.tables import TrueupTable, new_metadata


class PlansTable(TrueupTable):
    """Base of the tables of plans."""

    __abstract__ = True
    metadata = new_metadata()
