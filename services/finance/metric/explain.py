"""What stands behind a figure: its definition, its parts, and the events that made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.custom_metric.store import Definition
from services.finance.metric.rules import month_before
from services.finance.revenue.models import RevenueDayRow
from services.finance.subscription.models import SubscriptionChange, SubscriptionSpan
from shared.contracts.finance import MetricKind, is_custom

MOST_PARTS = 500

_ENTERED = "Entered or imported for its day."
DEFINITIONS: dict[MetricKind, str] = {
    MetricKind.MRR: (
        "Sum over the venture's active and past-due subscriptions at the end of the local day: unit amount x"
        " quantity, normalised to a month, without inclusive tax, one-time and metered items, after forever and"
        " repeating discounts in force. Trials, paused and churned subscriptions do not count."
    ),
    MetricKind.ARR: "12 x MRR of the same day.",
    MetricKind.CUSTOMERS: "Customers (linked account, else the provider's customer) with MRR > 0 in any currency.",
    MetricKind.GROWTH_RATE: (
        "MRR of the day / MRR one calendar month earlier - 1, as a fraction; a month's last day is compared with"
        " the last day of the month before, so at a month's end it is month over month."
    ),
    MetricKind.CAC: f"Cost of winning one customer. {_ENTERED}",
    MetricKind.LTV: f"Lifetime value of one customer. {_ENTERED}",
    MetricKind.LTV_CAC: f"LTV / CAC. {_ENTERED}",
    MetricKind.PAYBACK_MONTHS: f"Months until a customer has paid back its CAC. {_ENTERED}",
    MetricKind.BURN_RATE: f"Net burn: cash expenses - cash revenue of the last full local month. {_ENTERED}",
    MetricKind.GROSS_BURN: f"Cash expenses of the last full local month. {_ENTERED}",
    MetricKind.RUNWAY_MONTHS: f"Months until cash is used up: cash / net burn. {_ENTERED}",
    MetricKind.CASH: f"Cash at hand. {_ENTERED}",
}


def definition_of(metric: str, custom: Definition | None) -> str:
    """What a metric is, in words: of a custom one as a current plan names it, if one still does."""
    if not is_custom(metric):
        return DEFINITIONS[MetricKind(metric)]
    if custom is None:
        return f"{metric}: a custom metric that no current plan of the organization defines. {_ENTERED}"
    unit = f" ({custom.unit})" if custom.unit else ""
    return f"{custom.name}{unit}: a metric that the organization defines in its plans. {_ENTERED}"


@dataclass(frozen=True, slots=True)
class Parts:
    """The paying subscriptions of a venture on a day."""

    shown: Sequence[Any]
    total: int
    sums: dict[str, Decimal]
    customers: int


def _paying(organization_id: UUID, venture_id: UUID, day: date) -> tuple[Any, ...]:
    return (
        SubscriptionSpan.organization_id == organization_id,
        SubscriptionSpan.venture_id == venture_id,
        SubscriptionSpan.day <= day,
        SubscriptionSpan.until > day,
        SubscriptionSpan.mrr > 0,
    )


async def parts_of(session: AsyncSession, organization_id: UUID, venture_id: UUID, day: date) -> Parts:
    """The subscriptions behind a venture's figures of a day, largest first, and what they add up to."""
    paying = _paying(organization_id, venture_id, day)
    same = [
        getattr(SubscriptionChange, name) == getattr(SubscriptionSpan, name)
        for name in ("organization_id", "connection_id", "subscription_id", "effective_at")
    ]
    largest = (
        select(*SubscriptionSpan.__table__.c, SubscriptionChange.customer_id, SubscriptionChange.evidence)
        .join(SubscriptionChange, same[0] & same[1] & same[2] & same[3])
        .where(*paying)
        .order_by(SubscriptionSpan.mrr.desc(), SubscriptionSpan.subscription_id)
        .limit(MOST_PARTS)
    )
    sums = select(SubscriptionSpan.currency, func.sum(SubscriptionSpan.mrr).label("mrr")).where(*paying)
    counts = select(func.count(), func.count(func.distinct(SubscriptionSpan.customer))).where(*paying)
    total, customers = (await session.execute(counts)).one()
    by_currency = await session.execute(sums.group_by(SubscriptionSpan.currency).order_by(SubscriptionSpan.currency))
    return Parts(
        shown=(await session.execute(largest)).all(),
        total=total,
        sums={row.currency: row.mrr for row in by_currency},
        customers=customers,
    )


async def earlier_mrr(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, day: date
) -> tuple[date, Decimal]:
    """What the growth of a day compares with: the day a month before, and its MRR."""
    earlier = month_before(day)
    newest = (
        select(RevenueDayRow.mrr)
        .where(
            RevenueDayRow.organization_id == organization_id,
            RevenueDayRow.venture_id == venture_id,
            RevenueDayRow.day <= earlier,
        )
        .order_by(RevenueDayRow.day.desc())
        .limit(1)
    )
    return earlier, (await session.scalar(newest)) or Decimal(0)
