"""What an API key may be allowed."""

from datetime import datetime
from typing import Literal

from shared.contracts.identity import Role
from shared.contracts.topology import SERVICES

EVENTS_READ = "events:read"
SCOPES = tuple(
    sorted([EVENTS_READ] + [f"{area}:{what}" for area in SERVICES if area != "gateway" for what in ("read", "write")])
)
"""``<area>:read`` is every GET of a service, ``<area>:write`` everything; ``events:read`` subscribes to events."""

Status = Literal["active", "expired", "revoked"]


def objection_to_role(actor: Role, role: Role) -> str | None:
    """Why ``actor`` cannot make a key with this role, or None: no key is an owner, and none is above its maker."""
    if role is Role.OWNER:
        return "An API key is no owner: what only owners may do, a person does."
    if not actor.covers(role):
        return f"Nobody can give a role above their own: you are {actor.value}, not {role.value}."
    return None


def unknown_scopes(scopes: list[str]) -> list[str]:
    """Those that no service knows."""
    return sorted(set(scopes) - set(SCOPES))


def status_of(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> Status:
    """Whether a key counts."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= now else "active"
