"""What every part of the double shares: ids, the event envelope, the balance."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from trueup.stripe_double.versions import ApiVersion

Json = dict[str, Any]
Subject = TypeVar("Subject")

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Stripe's prefixes, with how many characters follow them.
_SHORT = {"cus": 14, "si": 14, "prod": 14, "acct": 16}
_LONG = 24


class Happened(list[Json], Generic[Subject]):
    """The events of one action, in order; ``subject`` is what was made or changed."""

    def __init__(self, subject: Subject, events: Iterable[Json]) -> None:
        super().__init__(events)
        self.subject = subject


def epoch(at: datetime) -> int:
    """Stripe's timestamps: whole seconds since 1970."""
    return int(at.timestamp())


def moment(at: datetime | None) -> int | None:
    """The timestamp of what may not have happened yet."""
    return None if at is None else epoch(at)


def one_page(url: str, data: Iterable[Json] = ()) -> Json:
    """Stripe's list object, complete on one page."""
    items = list(data)
    return {"object": "list", "data": items, "has_more": False, "total_count": len(items), "url": url}


class Journal:
    """Makes deterministic ids and event envelopes, and keeps the balance by currency (Stripe minor units)."""

    def __init__(self, seed: str, version: ApiVersion, *, connected_account: str | None, livemode: bool) -> None:
        self.seed = seed
        self.version = version
        self.connected_account = connected_account
        self.livemode = livemode
        self.balance: Counter[str] = Counter()
        self._made: Counter[str] = Counter()

    def new_id(self, prefix: str) -> str:
        """The next id with Stripe's prefix: the same seed gives the same sequence."""
        self._made[prefix] += 1
        digest = blake2b(f"{self.seed}/{prefix}/{self._made[prefix]}".encode(), digest_size=24).digest()
        number, length = int.from_bytes(digest, "big"), _SHORT.get(prefix, _LONG)
        letters = []
        for _ in range(length):
            number, rest = divmod(number, len(_BASE62))
            letters.append(_BASE62[rest])
        return f"{prefix}_{''.join(letters)}"

    def event(self, kind: str, what: Json, at: datetime, previous: Json | None = None) -> Json:
        """Stripe's event envelope around an object as it is now."""
        data: Json = {"object": what}
        if previous is not None:
            data["previous_attributes"] = previous
        envelope: Json = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": self.version.name,
            "created": epoch(at),
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 1,
            "request": {"id": self.new_id("req"), "idempotency_key": None},
            "type": kind,
        }
        if self.connected_account:
            envelope["account"] = self.connected_account
        return envelope
