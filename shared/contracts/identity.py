"""Events of identity: organizations and their members."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind
from shared.kernel.money import CurrencyCode


class Role(StrEnum):
    """What a member may do: owner > admin > member > viewer."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"

    @property
    def rank(self) -> int:
        """0 for viewer up to 3 for owner."""
        return list(reversed(Role)).index(self)

    def covers(self, needed: "Role") -> bool:
        """Whether this role includes the rights of ``needed``."""
        return self.rank >= needed.rank


class MembershipStatus(StrEnum):
    """Whether a membership counts."""

    ACTIVE = "active"
    REMOVED = "removed"


class OrganizationState(Event, kind=Kind.SNAPSHOT, key=("organization_id",), sequence="version"):
    """The public state of an organization (the tenant)."""

    version: int = Field(ge=1)
    name: str
    slug: str
    base_currency: CurrencyCode
    time_zone: str
    fiscal_year_start: int = Field(ge=1, le=12)
    date_format: str = "YYYY-MM-DD"
    archived: bool = False


class OrganizationCreated(OrganizationState, type="organization.created"):
    """An organization came to be."""


class OrganizationUpdated(OrganizationState, type="organization.updated"):
    """An organization's name or settings changed."""


class MemberState(Event, kind=Kind.SNAPSHOT, key=("user_id",), sequence="version"):
    """The public state of a membership."""

    user_id: UUID
    version: int = Field(ge=1)
    role: Role
    status: MembershipStatus


class MemberJoined(MemberState, type="member.joined"):
    """A member joined, or got another role."""


class MemberRemoved(MemberState, type="member.removed"):
    """A member is out."""
