"""How often a service's process looks for cycles among its objects."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 50_000
_YOUNG_PASSES, _OLD_PASSES = 20, 20


def collect_seldom() -> None:
    """Leave what is imported out of every collection, and collect less often.

    A batch of 500 webhooks makes very many objects that live until its commit and go with their last reference; by
    Python's own thresholds every 700 new ones begin a search for cycles among them, which finds none. What is
    frozen is not written to either, so that forked processes go on sharing its pages.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_PASSES, _OLD_PASSES)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """The same for one long piece of work of a command."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
