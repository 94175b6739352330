"""What is stored of an alert is what was said."""

from datetime import date
from decimal import Decimal

import pytest

from services.sync.alert.rules import Outlook
from services.sync.alert.store import forecast_of, outlook_of


@pytest.mark.parametrize("growth", [None, Decimal(0), Decimal("-0.0125")])
def test_a_forecast_is_read_as_it_was_written(growth: Decimal | None) -> None:
    said = Outlook(date(2027, 8, 22), Decimal(900), Decimal("276.6"), Decimal("8733.847703"), growth)
    assert outlook_of(forecast_of(said)) == said
    assert outlook_of(forecast_of(None)) is None
