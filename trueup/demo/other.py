"""The second organization: a little data that nobody of the first one may ever see."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from trueup.demo.company import VentureStory
from trueup.demo.history import Books
from trueup.stripe_double import LEGACY, StripeAccount

OTHER_VENTURE = VentureStory(
    name="Kelapa Kini",
    stage="GROWTH",
    market="NICHE",
    description="Coconut water from smallholders, by the crate.",
    baseline=Decimal(8_000),
    target=Decimal(30_000),
    months=12,
    status="LAGGING",
)


def other_history(now: datetime) -> Books:
    """Two customers with subscriptions, nearly two months old, of no venture."""
    seed = f"borneo-{now.isoformat()}"
    books = Books(StripeAccount(seed, LEGACY), now, Random(4))  # noqa: S311 - a story, no secret
    begin = now - timedelta(days=50)
    for index, (name, amount) in enumerate((("Sibu Mart", Decimal(4_200)), ("Miri Cafe", Decimal(2_900)))):
        at = books.at((begin + timedelta(days=index)).date())
        books.renew_until(books.subscribe(name, amount, at), now)
    return books
