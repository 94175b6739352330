"""How often the front door may be knocked at: per account and address, whether or not the account exists."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.identity.user.rules import same_address_key

WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests a window holds: from one address, for one account, for one account from one address."""

    address: int
    account: int | None = None
    account_address: int | None = None


LIMITS: Mapping[str, Limit] = {
    "register": Limit(address=300, account=20, account_address=10),
    "verify_email": Limit(address=300),
    "resend_verification": Limit(address=100, account=20, account_address=5),
    "login": Limit(address=2000, account=300, account_address=100),
    "refresh_token": Limit(address=3000),
    "logout": Limit(address=3000),
    "forgot_password": Limit(address=100, account=20, account_address=5),
    "reset_password": Limit(address=100),
    "provider_login": Limit(address=600),
    "jwks": Limit(address=3000),
    "invitation": Limit(address=500, account=50, account_address=10),
}
"""Every operation that takes no access token, and letters to strangers (an organization stands for the address).
Failed logins are counted besides, and more strictly.
"""


@dataclass(frozen=True, slots=True)
class Count:
    """Requests of one scope in the running window."""

    scope: str
    requests: int
    since: datetime


def subjects(limit: Limit, account: str | None, address: str) -> dict[str, str]:
    """Under which hashed subject a request is counted in each scope that is limited."""
    named = {"address": address}
    if account is not None:
        key = same_address_key(account)
        named |= {"account": key, "account_address": f"{key}\n{address}"}
    return {
        scope: hashlib.sha256(subject.encode()).hexdigest()
        for scope, subject in named.items()
        if getattr(limit, scope) is not None
    }


def wait_seconds(limit: Limit, counts: list[Count], now: datetime, factor: float = 1.0) -> int | None:
    """Seconds until the window of an exceeded scope is over; None when the request may pass."""
    ends = [count.since + WINDOW for count in counts if count.requests > getattr(limit, count.scope) * factor]
    return int((max(ends) - now).total_seconds()) + 1 if ends else None
