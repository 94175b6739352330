"""The tables of plans hang on this base."""

from enum import StrEnum

from shared.platform.db.tables import TrueupTable, new_metadata


class PlansTable(TrueupTable):
    """Base of the tables of plans."""

    __abstract__ = True
    metadata = new_metadata()


def one_of(column: str, values: type[StrEnum]) -> str:
    """The condition that a column holds one of an enumeration's values."""
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"
