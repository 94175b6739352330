"""Money facts over HTTP."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.finance.payment import store
from services.finance.payment.models import MoneyFact
from services.finance.payment.rules import MoneyKind, MonthlyMoney, by_month_and_currency
from services.finance.payment.schemas import CashAmounts, CashFlow, CashMonth, MoneyFactOut
from services.finance.queries import Currency, Since, Until, check_order
from shared.kernel.clock import today
from shared.kernel.currency import minor_to_decimal
from shared.kernel.errors import Invalid
from shared.kernel.periods import Period, add_months, month_start
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["money facts"])

MOST_MONTHS = 120
_MONTH = r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$"


@router.get("/finance/money-facts", operation_id="listMoneyFacts")
async def list_money_facts(
    call: Call,
    page: PageQuery,
    *,
    kind: Annotated[MoneyKind | None, Query(description="Payments, refunds, disputes or payouts")] = None,
    currency: Currency = None,
    venture_id: Annotated[UUID | None, Query(description="Money of one venture")] = None,
    account_id: Annotated[UUID | None, Query(description="Money of one account")] = None,
    linked: Annotated[bool | None, Query(description="Money with an account, or without one")] = None,
    from_: Since = None,
    to: Until = None,
) -> Page[MoneyFactOut]:
    """What moved: payments, refunds, disputes and payouts that count, newest day first."""
    check_order(from_, to)
    statement = store.listed(
        call.organization_id,
        kind=kind,
        currency=currency,
        venture_id=venture_id,
        account_id=account_id,
        linked=linked,
        since=from_,
        until=to,
    )
    by = [MoneyFact.counts_on.desc(), MoneyFact.kind, MoneyFact.object_id, MoneyFact.connection_id]
    return await paginate(call.session, statement, page, by=by, into=MoneyFactOut.of)


@router.get("/finance/cash-flow", operation_id="getCashFlow")
async def get_cash_flow(
    call: Call,
    *,
    from_: Annotated[
        str | None,
        Query(alias="from", pattern=_MONTH, description="First month (YYYY-MM); default: 11 before the last"),
    ] = None,
    to: Annotated[str | None, Query(pattern=_MONTH, description="Last month (YYYY-MM); default: this one")] = None,
    venture_id: Annotated[UUID | None, Query(description="Money of one venture")] = None,
) -> CashFlow:
    """Payments received and bank deposits by month, in the base currency and, beside it, in others."""
    organization = await call.organization()
    period = _period(from_, to, month_start(today(organization.time_zone)))
    sums = await store.sums(call.session, call.organization_id, period, venture_id)
    money = by_month_and_currency(sums)
    months = [_month(month, money, organization.base_currency) for month in _months(period)]
    return CashFlow(base_currency=organization.base_currency, months=months)


def _period(first: str | None, last: str | None, current: date) -> Period:
    end = date.fromisoformat(f"{last}-01") if last else current
    start = date.fromisoformat(f"{first}-01") if first else add_months(end, -11)
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    if not 1 <= months <= MOST_MONTHS:
        raise Invalid(f"`to` is not before `from`, and they span at most {MOST_MONTHS} months.")
    return Period(start, add_months(end, 1))


def _months(period: Period) -> Iterator[date]:
    month = period.start
    while month < period.end:
        yield month
        month = add_months(month, 1)


def _month(month: date, money: dict[tuple[date, str], MonthlyMoney], base_currency: str) -> CashMonth:
    others = sorted(currency for day, currency in money if day == month and currency != base_currency)
    return CashMonth(
        month=f"{month:%Y-%m}",
        total=_amounts(base_currency, money.get((month, base_currency), MonthlyMoney())),
        unconverted=[_amounts(currency, money[month, currency]) for currency in others],
    )


def _amounts(currency: str, money: MonthlyMoney) -> CashAmounts:
    return CashAmounts(
        currency=currency,
        received=minor_to_decimal(money.received, currency),
        refunded=minor_to_decimal(money.refunded, currency),
        disputed=minor_to_decimal(money.disputed, currency),
        net=minor_to_decimal(money.net, currency),
        net_unlinked=minor_to_decimal(money.net_unlinked, currency),
        deposited=minor_to_decimal(money.deposited, currency),
    )
