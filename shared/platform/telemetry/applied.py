"""What applying events tells: how many had been applied before, and how long their facts have been under way."""

import time
from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from shared.contracts.event import Event
from shared.platform.bus.trace import received_at

REPEATED = Counter("trueup_events_repeated_total", "Events that had been applied before", ["stream"])
LOOP_SECONDS = Histogram(
    "trueup_loop_seconds",
    "From a fact's arrival (webhook, request) to the commit of what a stream's event made of it here",
    ["stream"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)

_MEASURED = 20
"""How many events of a batch are measured, evenly spread over it: enough to know a batch, too few to cost."""


def note_applied(stream: str, events: Sequence[Event], fresh: Sequence[Event]) -> None:
    """Count and measure events whose effects are committed; ``fresh`` are those that were new."""
    if len(fresh) < len(events):
        REPEATED.labels(stream).inc(len(events) - len(fresh))
    if not fresh:
        return
    seconds = LOOP_SECONDS.labels(stream)
    now = time.time()
    for event in fresh[:: -(-len(fresh) // _MEASURED)]:
        received = received_at(event.delivery.traceparent)
        if received is not None:
            seconds.observe(max(0.0, now - received))
