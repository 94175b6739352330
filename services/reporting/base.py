"""The tables of reporting hang on this base."""

from shared.platform.db.tables import TrueupTable, new_metadata


class ReportingTable(TrueupTable):
    """Base of the tables of reporting."""

    __abstract__ = True
    metadata = new_metadata()
