"""Mirroring what events show, and telling which ledger rows that touches."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.stripe_object.rules.mirror import Mirror, merge
from services.ingestion.stripe_object.rules.observation import Observation
from services.ingestion.stripe_object.rules.touched import Key, Place, Touched
from services.ingestion.stripe_object.store import mirrors as store


async def mirror(session: AsyncSession, shown: Iterable[tuple[Place, Sequence[Observation]]], now: datetime) -> Touched:
    """Merge observations into their objects' mirrors. The caller holds the connections' locks."""
    by_key: defaultdict[Key, list[Observation]] = defaultdict(list)
    for place, observations in shown:
        for each in observations:
            since = each.second if each.object_type == "subscription" else 0
            by_key[*place, each.object_type, each.object_id, since].append(each)
    known = await store.mirrors(session, by_key.keys())
    tied = [key for key, mirrored in known.items() if _is_tied(mirrored, by_key[key])]
    known |= await store.whole_mirrors(session, tied)
    whole: dict[Key, Mirror] = {}
    older: dict[Key, Mirror] = {}
    touched = Touched()
    for key, observations in by_key.items():
        before = known.get(key)
        after = merge(before, observations)
        if after == before:
            continue
        (older if before is not None and key not in tied and after.newest is before.newest else whole)[key] = after
        touched.add(key, before, after)
    await store.write_whole(session, whole, now)
    await store.write_marks(session, older, now)
    return touched


def _is_tied(mirrored: Mirror, observations: Sequence[Observation]) -> bool:
    """Whether another event shows the object in the mirror's newest second."""
    newest = mirrored.newest
    return any(each.precedence == newest.precedence and each.event_id != newest.event_id for each in observations)
