"""Clients of other teams: nats-py as it is."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def what_they_forget() -> Iterator[None]:
    """Collect, before the test ends, the connections that its clients were refused and then forgot.

    nats-py leaves them to the garbage collector, which says of their sockets that nobody closed them, in whichever test
    it comes by. Our own client closes them (``shared/platform/bus/client.py``): use this with plain nats-py only.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()
