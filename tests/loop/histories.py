"""A Stripe account's life that is the same every time, whoever's ventures it pays."""

from datetime import UTC, datetime, timedelta
from random import Random

from shared.kernel import clock
from trueup.stripe_double import BASIL, CLOVER, LEGACY, ApiVersion, Json, StripeAccount

VENTURES = {
    "Kopi Loop": {"target_mrr": "100000", "baseline_value": "12000"},
    "Tuisyen Loop": {"target_mrr": "9000", "baseline_value": "3000"},
    "Sawit Loop": {"target_mrr": "50000"},
}
VERSIONS = (LEGACY, BASIL, CLOVER)


def targets(name: str) -> dict[str, str]:
    """The plan of a venture: a year that began three months ago."""
    today = clock.now().date()
    plan = dict(VENTURES[name], target_date=(today + timedelta(days=275)).isoformat())
    if "baseline_value" in plan:
        plan["baseline_date"] = (today - timedelta(days=90)).isoformat()
    return plan


def busy_history(ventures: dict[str, str], events: int, *, seed: int = 7, version: ApiVersion = CLOVER) -> list[Json]:
    """At least so many events of many customers: subscriptions that change and end, bills, refunds, payouts."""
    rng = Random(seed)
    account = StripeAccount(f"loop-{seed}", version)
    start = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=80)
    names = list(ventures)
    told: list[Json] = []
    living = []
    moment = start
    while len(told) < events:
        moment += timedelta(seconds=rng.randrange(1, 90 * 60))
        if moment > datetime.now(UTC) - timedelta(hours=1):
            moment = start + timedelta(seconds=rng.randrange(3600))
        step = rng.random()
        if step < 0.35 or len(living) < 5:
            venture = ventures[names[rng.randrange(len(names))]]
            customer = account.customers.create(f"Customer {len(living)}", moment, metadata={"venture_id": venture})
            price = account.prices.create(
                rng.choice([9_900, 25_050, 120_000]), rng.choice(["MYR"] * 9 + ["USD"]), moment
            )
            begun = account.subscriptions.start(customer.subject, [(price, rng.randrange(1, 4))], moment)
            living.append((customer.subject, begun.subject))
            told += [*customer, *begun]
        elif step < 0.6:
            told += account.subscriptions.change(rng.choice(living)[1], moment, quantity=rng.randrange(1, 9))
        elif step < 0.7:
            gone = living.pop(rng.randrange(len(living)))
            told += account.subscriptions.cancel(gone[1], moment)
        elif step < 0.9:
            paid = account.payments.take(rng.choice(living)[0], rng.choice([5_000, 7_525]), "MYR", moment)
            told += paid
            if rng.random() < 0.3:
                told += account.refunds.make(paid.subject, moment + timedelta(minutes=5), 2_500)
        else:
            sent = account.payouts.send(10_000, "MYR", moment, arrival=moment.date())
            told += [*sent, *account.payouts.arrive(sent.subject, moment + timedelta(minutes=9))]
    return told
