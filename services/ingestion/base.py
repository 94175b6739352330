"""The tables of ingestion hang on this base."""

from shared.platform.db.tables import TrueupTable, new_metadata


class IngestionTable(TrueupTable):
    """Base of the tables of ingestion."""

    __abstract__ = True
    metadata = new_metadata()
