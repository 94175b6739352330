"""Query parameters that several lists share."""

from datetime import date
from typing import Annotated

from fastapi import Query

from shared.kernel.errors import Invalid
from shared.kernel.money import CurrencyCode

Since = Annotated[date | None, Query(alias="from", description="From this local day on")]
"""The first day of a list."""

Until = Annotated[date | None, Query(description="Up to and including this local day")]
"""The last day of a list."""

Currency = Annotated[CurrencyCode | None, Query(description="Only this currency")]
"""A currency filter."""


def check_order(since: date | None, until: date | None) -> None:
    """``Invalid`` when a list would end before it begins."""
    if since is not None and until is not None and until < since:
        raise Invalid("`to` is not before `from`.")
