"""Text that people write: one line (names, labels), or prose (Markdown).

PostgreSQL cannot store U+0000, and a line break in a name ends up in mail headers and tables.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

NAME_LENGTH = 200
_BREAKS_A_LINE = frozenset(["Cc", "Zl", "Zp", "Cs"])


def one_line(value: str) -> str:
    """``value`` without surrounding white space; ``ValueError`` if it is blank or not one line."""
    line = unicodedata.normalize("NFC", value).strip()
    if not line:
        raise ValueError("is blank")
    if any(unicodedata.category(character) in _BREAKS_A_LINE for character in line):
        raise ValueError("is one line without control characters")
    return line


def storable(value: str) -> str:
    """``value`` itself; ``ValueError`` if it holds U+0000 or half of a surrogate pair."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("holds characters that are no text")
    return value


def none_if_blank(value: str | None) -> str | None:
    """``value``, or None for a blank one; ``ValueError`` as for ``storable``."""
    return None if value is None or not value.strip() else storable(value)


OneLine = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), AfterValidator(one_line)]
"""A name or label: one line of 1 to 200 characters, trimmed."""

Prose = Annotated[str, AfterValidator(storable)]
"""Text of any length and number of lines."""

OptionalProse = Annotated[str | None, AfterValidator(none_if_blank)]
"""Prose, or null; blank text is null."""


def same_name_key(name: str) -> str:
    """What two names that a person would call the same have in common (case, width, spaces)."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
