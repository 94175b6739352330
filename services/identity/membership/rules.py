"""Who may give, change and take which role."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from shared.contracts.identity import Role

INVITATION_LIFETIME = timedelta(days=7)


def limited_to(stored: Sequence[str] | None) -> tuple[UUID, ...] | None:
    """The ventures that a membership is limited to, from what is stored of them; None: all ventures."""
    return None if stored is None else tuple(UUID(venture) for venture in stored)


def objection_to_grant(actor: Role, role: Role) -> str | None:
    """Why ``actor`` cannot give ``role``, or None: nobody gives a role above their own."""
    if actor.covers(role):
        return None
    return f"Nobody can give a role above their own: you are {actor.value}, not {role.value}."


def objection_to_change(actor: Role, member: Role) -> str | None:
    """Why ``actor`` cannot change or remove somebody with the role ``member``, or None."""
    if actor.covers(member):
        return None
    return f"You are {actor.value} and cannot change the membership of an {member.value}."


def leaves_no_owner(member: Role, becomes: Role | None, owners: int) -> bool:
    """Whether the organization would be without an owner; ``becomes`` None is a removal."""
    return member is Role.OWNER and becomes is not Role.OWNER and owners <= 1


def objection_to_limit(role: Role, limited: bool) -> str | None:
    """Why a membership with this role cannot be limited to some ventures, or None.

    Admins and owners decide for the whole organization; a limit would only seem to hold.
    """
    if limited and role.covers(Role.ADMIN):
        return f"Only members and viewers can be limited to some ventures, not an {role.value}."
    return None
