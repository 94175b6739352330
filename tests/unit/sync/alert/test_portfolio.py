from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sync.alert.rules import DEFAULT_LIMITS, Holding, find_unbalanced_portfolio
from services.sync.alert.rules.limits import Limit, OwnLimit, limits_in_force
from shared.contracts.sync import AlertType, Severity

DAY = date(2026, 3, 31)
UNBALANCED = AlertType.PORTFOLIO_UNBALANCED


def holdings(*amounts):
    return [Holding(UUID(int=number), DAY, Decimal(amount)) for number, amount in enumerate(amounts, start=1)]


def limits(warning="60", *, enabled=True):
    return DEFAULT_LIMITS | {UNBALANCED: Limit(Decimal(warning), enabled=enabled)}


@pytest.mark.parametrize(
    ("amounts", "at"),
    [
        (("60", "40"), None),
        (("60.000001", "39.999999"), 1),
        (("39.999999", "60.000001"), 2),
        (("30", "30", "40"), None),
        (("100",), None),
        ((), None),
        (("100", "0"), 1),
        (("0", "0"), None),
        (("100", "-50"), 1),
        (("-10", "-20"), None),
        (("60", "40", "-100"), None),
    ],
)
def test_one_of_at_least_two_with_more_than_sixty_percent(amounts, at):
    found = find_unbalanced_portfolio(holdings(*amounts))
    assert (found[0].int if found else None) == at


def test_what_is_said():
    found = find_unbalanced_portfolio(holdings("10", "90"))
    assert found is not None
    venture, finding = found
    assert (venture.int, finding.severity, finding.related_plan_section, finding.observed_on) == (
        2,
        Severity.INFO,
        None,
        DAY,
    )
    assert finding.message == "This venture holds more than 60.0 % of the portfolio's MRR."
    assert "90" not in finding.message, "who may see this venture only does not learn what the others have"


def test_the_limit_is_the_organizations():
    assert find_unbalanced_portfolio(holdings("60", "40"), limits("59.9")) is not None
    assert find_unbalanced_portfolio(holdings("79", "21"), limits("80")) is None
    assert find_unbalanced_portfolio(holdings("99", "1"), limits(enabled=False)) is None
    own = limits_in_force({UNBALANCED: OwnLimit(warning=Decimal(95))}, {})
    assert find_unbalanced_portfolio(holdings("95", "5"), own) is None


@given(
    st.lists(st.decimals("-1000", "100000", places=2), max_size=8),
    st.integers(1, 99),
)
def test_whoever_is_found_has_most_and_more_than_the_limit(amounts, limit):
    given_holdings = holdings(*amounts)
    found = find_unbalanced_portfolio(given_holdings, limits(str(limit)))
    total = sum(max(amount, Decimal(0)) for amount in amounts)
    beyond = [amount for amount in amounts if amount * 100 > limit * total]
    assert (found is not None) == (bool(beyond) and len(amounts) > 1)
    if found is not None:
        (held,) = [one.mrr for one in given_holdings if one.venture_id == found[0]]
        assert held == max(amounts)
        assert found == find_unbalanced_portfolio(given_holdings[::-1], limits(str(limit))), "in any order"
