"""The tables of finance hang on this base."""

from shared.platform.db.tables import TrueupTable, new_metadata


class FinanceTable(TrueupTable):
    """Base of the tables of finance."""

    __abstract__ = True
    metadata = new_metadata()
