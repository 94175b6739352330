"""Optimistic concurrency: ``If-Match`` names the version that a client has seen."""

import re
from typing import Annotated, Any

from fastapi import Depends, Header

from shared.kernel.errors import Conflict, Invalid

_IF_MATCH = re.compile(r'^(?:W/)?"?(\d{1,9})(?:-[0-9a-f]+)?"?$')


class StaleVersion(Conflict):
    """The object has changed since the client read it."""

    code = "stale_version"
    title = "The object has changed since you read it"

    def __init__(self, current_version: int, **extra: Any) -> None:
        super().__init__(
            f"The current version is {current_version}; read it again and repeat your change on it.",
            current_version=current_version,
            **extra,
        )


async def _expected_version(
    if_match: Annotated[
        str | None, Header(description='The version you have seen, e.g. `"3"` (an ETag works too)')
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _IF_MATCH.match(if_match.strip())
    if match is None:
        raise Invalid('If-Match is a version such as "3".')
    return int(match.group(1))


IfMatch = Annotated[int | None, Depends(_expected_version)]
"""The version in ``If-Match``, or None when the client gave none."""


Expected = tuple[int | None, ...]
"""The versions that a client says it has seen, by If-Match and body; None says nothing."""


def check_version(current: int, *expected: int | None) -> None:
    """Raise ``StaleVersion`` unless every given expectation is the current version."""
    if any(version is not None and version != current for version in expected):
        raise StaleVersion(current)
