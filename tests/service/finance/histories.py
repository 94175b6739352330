"""Random histories of subscriptions and money, and what they amount to by counting every day from scratch."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from services.finance.mrr.rules import recurring_revenue
from services.finance.policy.rules import DEFAULT_POLICY
from shared.contracts.event import Event
from shared.contracts.ingestion import (
    PaymentReceived,
    PaymentRefunded,
    PayoutFailed,
    PayoutStatus,
    RefundStatus,
    SubscriptionChanged,
    SubscriptionDiscount,
)
from shared.kernel.periods import start_of_day
from tests.service.finance.facts import CONNECTION, changed, item

ZONE = "Asia/Kuala_Lumpur"
FIRST, DAYS = date(2026, 1, 1), 130
VENTURES = [UUID(int=101), UUID(int=102), None]
ACCOUNTS = [UUID(int=201), None, None]
NOBODY = UUID(int=0)
_START = datetime(2026, 1, 2, tzinfo=UTC)


def _discount(chance: random.Random, moment: datetime) -> SubscriptionDiscount:
    starts = moment + timedelta(hours=chance.randrange(-300, 100))
    lasts = chance.choice([None, 200, 900, 24 * 400])
    return SubscriptionDiscount(
        discount_id="di",
        percent_off=Decimal(25),
        duration=chance.choice(["forever", "repeating", "once"]),
        start=starts,
        end=None if lasts is None else starts + timedelta(hours=lasts),
    )


def _subscription(chance: random.Random, name: str) -> list[SubscriptionChanged]:
    # Few days and few hours, so that changes meet on one day.
    hours = sorted({24 * chance.randrange(25) + chance.choice([1, 9, 17]) for _ in range(chance.randrange(1, 10))})
    found = []
    for hour in hours:
        moment = _START + timedelta(hours=hour)
        status = chance.choice(["active", "active", "active", "past_due", "trialing", "canceled", "unpaid"])
        for revision in range(1, chance.choice([1, 1, 1, 3]) + 1):
            ended = moment + timedelta(hours=chance.randrange(-200, 100))
            found.append(
                changed(
                    NOBODY,
                    chance.choice(VENTURES),
                    moment.isoformat(),
                    subscription_id=name,
                    customer_id=f"cus_{int(name[-1]) % 3}",
                    account_id=chance.choice(ACCOUNTS),
                    currency=chance.choice(["MYR", "MYR", "USD"]),
                    status=status,
                    revision=revision,
                    paused=chance.random() < 0.1,
                    ended_at=ended if status == "canceled" and chance.random() < 0.7 else None,
                    items=(item(str(chance.randrange(6) * 10), quantity=chance.randrange(1, 4)),),
                    discounts=(_discount(chance, moment),) if chance.random() < 0.4 else (),
                )
            )
    return found


def _money(chance: random.Random, number: int) -> list[Event]:
    moment = _START + timedelta(hours=chance.randrange(24 * 90))
    common = {
        "organization_id": NOBODY,
        "connection_id": CONNECTION,
        "currency": chance.choice(["MYR", "USD"]),
        "venture_id": chance.choice(VENTURES),
    }
    amount = chance.randrange(1, 50) * 100
    sums = {"amount_minor": amount, "amount": Decimal(amount) / 100}
    payment = {"payment_id": f"pi_{number}"}
    failed = moment + timedelta(days=9)
    return [
        *[
            PaymentReceived(**common, **sums, **payment, version=version, occurred_at=moment, fee_minor=fee)
            for version, fee in ((1, None), (2, 7))
        ],
        *[
            PaymentRefunded(
                **common,
                **sums,
                **payment,
                refund_id=f"re_{number}",
                version=version,
                status=RefundStatus.SUCCEEDED,
                refunded_at=moment + timedelta(days=3),
                failed_at=failed_at,
            )
            for version, failed_at in ((1, None), (2, failed))
        ],
        PayoutFailed(
            **common,
            **sums,
            payout_id=f"po_{number}",
            version=1,
            status=PayoutStatus.FAILED,
            arrival_date=moment.date(),
            deposited=True,
            reversed_on=failed.date() if chance.random() < 0.5 else None,
        ),
    ]


def a_history(seed: int) -> list[Event]:
    """Changes of a few subscriptions of three customers, and some money, in order."""
    chance = random.Random(seed)
    events: list[Event] = []
    for number in range(chance.randrange(2, 6)):
        events += _subscription(chance, f"sub_{number}")
    for number in range(3):
        events += _money(chance, number)
    return events


def _level(facts: list[SubscriptionChanged], end_of_day: datetime) -> tuple[SubscriptionChanged, Decimal] | None:
    """What one subscription ends a day with: its last fact by then, unless a later one dates its end before."""
    past = [fact for fact in facts if fact.effective_at < end_of_day]
    gone = [fact for fact in facts if fact.status in ("canceled", "unpaid") and not fact.effective_at < end_of_day]
    if not past or any((fact.ended_at or fact.effective_at) < end_of_day for fact in gone):
        return None
    newest = past[-1]
    # Of two facts of a day only the last decides how it ends; it was chosen by ``past``.
    left = newest.status in ("canceled", "unpaid")
    if left and (newest.ended_at is None or newest.ended_at < end_of_day):
        return None
    if not left and (newest.paused or newest.status == "trialing"):
        return None
    instant = end_of_day - timedelta(microseconds=1)
    return newest, recurring_revenue(newest.items, newest.discounts, instant, DEFAULT_POLICY)


def counted_from_scratch(events: list[Event], venture: UUID, day: date) -> tuple[dict[str, Decimal], int]:
    """MRR by currency and customers of a venture at the end of a local day."""
    newest: dict[tuple, SubscriptionChanged] = {}
    for event in events:
        if isinstance(event, SubscriptionChanged):
            known = newest.get(event.natural_key[1:])
            if known is None or event.revision > known.revision:
                newest[event.natural_key[1:]] = event
    by_subscription = defaultdict(list)
    for fact in sorted(newest.values(), key=lambda fact: fact.effective_at):
        by_subscription[fact.subscription_id].append(fact)
    sums: dict[str, Decimal] = {}
    customers = set()
    for facts in by_subscription.values():
        found = _level(facts, start_of_day(day + timedelta(days=1), ZONE))
        if found is not None and found[0].venture_id == venture and found[1]:
            sums[found[0].currency] = sums.get(found[0].currency, Decimal(0)) + found[1]
            customers.add(found[0].account_id or found[0].customer_id)
    return dict(sorted(sums.items())), len(customers)
