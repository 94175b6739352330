"""How long an investor report takes: the first since the service started, and every other."""

from datetime import timedelta
from time import monotonic

from shared.kernel import clock
from trueup.bench.company import CURRENCY, SETTLE_S, Benchmarked
from trueup.bench.frame import Bench, at_most, beside
from trueup.bench.percentiles import percentile
from trueup.bench.settled import settle
from trueup.demo.door import deliver_all
from trueup.stripe_double import LEGACY, Json, StripeAccount

MONTHS, DAYS_OF_A_MONTH = 12, 30
TIMES = 7
WARM_S = 1.5


async def measure_report(bench: Bench) -> None:
    """The quarterly report of twelve ventures with twelve months of revenue, ordered and downloaded as PDF."""
    company = bench.company
    endpoint = company.endpoint()
    await deliver_all([(endpoint, event) for event in _history(company)], 8, lambda: None)
    await settle(SETTLE_S)
    await company.log_in()
    cold, *warm = [await _ordered(company) for _ in range(1 + TIMES)]
    bench.add(
        at_most("quarterly report, 12 ventures x 12 months, PDF, warm, median", percentile(warm, 0.5), "s", WARM_S)
    )
    bench.add(beside("quarterly report, the first since the start", cold, "s"))


def _history(company: Benchmarked) -> list[Json]:
    """A subscription of each venture that grows every month of a year."""
    now = clock.now().replace(microsecond=0)
    account = StripeAccount(f"year-{company.organization_id}", LEGACY)
    begin = now - timedelta(days=MONTHS * DAYS_OF_A_MONTH)
    events: list[Json] = []
    for number, venture in enumerate(company.ventures, start=1):
        customer = account.customers.create(f"Subscriber {number}", begin, metadata={"venture_id": venture})
        price = account.prices.create(10_000, CURRENCY, begin)
        started = account.subscriptions.start(customer.subject, [(price, number)], begin, billed=False)
        events += [*customer, *started]
        for month in range(1, MONTHS):
            at = begin + timedelta(days=month * DAYS_OF_A_MONTH)
            events += account.subscriptions.change(started.subject, at, quantity=number + month)
    return events


async def _ordered(company: Benchmarked) -> float:
    """Seconds until the report of the current quarter is made and its PDF is here."""
    today = clock.now().date()
    period = f"{today.year}-Q{(today.month - 1) // 3 + 1}"
    begin = monotonic()
    report = await company.door.post(
        f"{company.path}/reports", company.admin, {"template": "quarterly", "period": period}
    )
    await company.door.get(f"{company.path}/reports/{report['id']}/pdf", company.admin)
    return monotonic() - begin
