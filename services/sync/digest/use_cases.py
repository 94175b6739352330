"""The digest: in the organization's morning, one letter to each member about what waited for it."""

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.digest import store
from services.sync.digest.rules import due_on
from services.sync.letter.rules import digest
from services.sync.letter.use_cases import Draft, Reader, item_of, post_letters, venture_names
from services.sync.notice.models import Notice
from services.sync.notice.recipients import recipients_of
from services.sync.preference.rules import EmailTiming
from shared.kernel.clock import now
from shared.platform.jobs.job import Slot, Step
from shared.platform.settings import public_url

AT_A_TIME = 100
_FIRST = UUID(int=0)


async def write_digests(session: AsyncSession, slot: Slot, cursor: Any) -> Step:
    """Write the digests of some members. Where nothing waits, nothing is written."""
    organization = slot.organization.id
    timings = [timing.value for timing in due_on(slot.day)]
    after = UUID(cursor) if cursor else _FIRST
    users = await store.readers_after(session, organization, timings, after, AT_A_TIME)
    following = str(users[-1]) if len(users) == AT_A_TIME else None
    members = {member.user_id: member for member in (await recipients_of(session, [organization]))[organization]}
    waiting: dict[UUID, list[tuple[Notice, bool]]] = defaultdict(list)
    forgotten: set[tuple[UUID, UUID]] = set()
    for user, notice, over in await store.untold(session, organization, timings, users):
        if user in members and members[user].may_know(notice):
            waiting[user].append((notice, over))
        else:
            forgotten.add((user, notice.id))
    names = await venture_names(session, [notice for told in waiting.values() for notice, _over in told])
    weekly = EmailTiming.WEEKLY in due_on(slot.day)
    drafts = []
    for user, told in waiting.items():
        items = [item_of(notice, names, over=over) for notice, over in told]
        text = digest(slot.organization.name, items, slot.day, public_url(), weekly=weekly)
        # A run by hand may tell of what came since this slot's own run.
        drafts.append(Draft(Reader(organization, user), f"digest:{slot.day}:{told[-1][0].id}", text))
    letters = await post_letters(session, drafts, now())
    for (_organization, user), letter in letters.items():
        await store.note_told(session, organization, {(user, notice.id) for notice, _over in waiting[user]}, letter)
    if forgotten:
        await store.note_told(session, organization, forgotten, None)
    return Step(Counter(letters=len(letters), notifications=sum(map(len, waiting.values()))), following)
