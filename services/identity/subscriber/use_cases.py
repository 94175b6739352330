"""Deciding whether an API key may enter the bus, and whether it still may."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.subscriber import rules, store
from services.identity.subscriber.rules import Knock, SubscriberKey
from shared.platform.auth.api_keys import presented_key
from shared.platform.auth.nats_tokens import Issuer


async def admit(
    session: AsyncSession, secret_key: bytes, issuer: Issuer, knock: Knock, now: datetime
) -> tuple[str, SubscriberKey | None, str | None]:
    """The answer to a server's question, the key that enters, and why none does."""
    shown = presented_key(secret_key, knock.credential)
    found = None if shown is None else (await store.keys(session, [shown.id])).get(shown.id)
    key = found if shown is not None and found is not None and found.digest == shown.digest else None
    refusal = rules.objection(key, now)
    if key is None or refusal is not None:
        return issuer.signed(rules.answer_claims(knock, now, refusal=refusal or "")), None, refusal
    token = issuer.signed(rules.entry_claims(key, knock, now))
    return issuer.signed(rules.answer_claims(knock, now, token=token)), key, None


async def over(session: AsyncSession, key_ids: Collection[UUID], now: datetime) -> dict[UUID, str]:
    """Which of these keys may not (or no longer) subscribe, and why."""
    known = await store.keys(session, key_ids)
    objections = {key_id: rules.objection(known.get(key_id), now) for key_id in key_ids}
    return {key_id: reason for key_id, reason in objections.items() if reason is not None}
