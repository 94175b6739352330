"""What is posted: payments and subscription changes of many customers, about 3 KB each."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from trueup.stripe_double import LEGACY, Json, StripeAccount

CUSTOMERS = 300
TEXT_LENGTH = 2_600
"""Makes a webhook of about 3 KB."""


def only_stored(seed: str, count: int, now: datetime) -> list[bytes]:
    """``count`` webhooks of a type that is stored and not normalised."""
    account = StripeAccount(seed, LEGACY)
    products = ({"id": f"prod_{turn}", "object": "product", "description": "x" * TEXT_LENGTH} for turn in range(count))
    return [orjson.dumps(account.event("product.updated", product, now)) for product in products]


def bodies(seed: str, count: int, now: datetime, ventures: Sequence[str], currency: str = "MYR") -> list[bytes]:
    """``count`` webhooks: nine payments (as charge and payment intent) to one changed subscription."""
    account = StripeAccount(seed, LEGACY)
    begin = now.replace(microsecond=0) - timedelta(days=1)
    events: list[Json] = []
    customers, subscriptions = [], []
    for index in range(CUSTOMERS):
        metadata = {"venture_id": ventures[index % len(ventures)]}
        created = account.customers.create(f"Payer {index}", begin, metadata=metadata)
        price = account.prices.create(9_900, currency, begin)
        started = account.subscriptions.start(created.subject, [(price, 1)], begin, billed=False)
        customers.append(created.subject)
        subscriptions.append(started.subject)
        events += [*created, *started]
    turn = 0
    while len(events) < count:
        turn += 1
        at = begin + timedelta(seconds=turn)
        if turn % 5 == 0:
            subscription = subscriptions[turn % CUSTOMERS]
            events += account.subscriptions.change(subscription, at, quantity=1 + turn)
        else:
            events += account.payments.take(customers[turn % CUSTOMERS], 9_900 + turn, currency, at, settled=False)
    return [orjson.dumps(event) for event in events[:count]]
