"""Events of identity: organizations and their members."""

from datetime import datetime
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
    """The public state of a membership.

    ``venture_ids``: the only ventures that the member sees and changes; null is all of them.
    ``tokens_valid_from``: access tokens issued before this instant count no more (all sessions were ended).
    ``email``: where the member is written to; null in events from before it was told.
    """

    user_id: UUID
    version: int = Field(ge=1)
    role: Role
    status: MembershipStatus
    venture_ids: tuple[UUID, ...] | None = None
    tokens_valid_from: datetime | None = None
    email: str | None = None


class MemberJoined(MemberState, type="member.joined"):
    """A member joined, got another role or other ventures, or ended all sessions."""


class MemberRemoved(MemberState, type="member.removed"):
    """A member is out."""


class ApiKeyState(Event, kind=Kind.SNAPSHOT, key=("api_key_id",), sequence="version"):
    """The public state of an API key: what every service verifies it by.

    ``digest`` is a keyed hash (HMAC-SHA-256 under a key that only services have) of the random secret: it
    neither is the key nor lets anybody guess it. ``scopes`` null is all that the role allows. ``acts_for`` is
    who made the key: what is done with it counts as done by them.
    """

    api_key_id: UUID
    version: int = Field(ge=1)
    name: str
    role: Role
    scopes: tuple[str, ...] | None = None
    digest: str
    acts_for: UUID
    expires_at: datetime | None = None
    revoked: bool = False


class ApiKeyCreated(ApiKeyState, type="api_key.created"):
    """An API key was made."""


class ApiKeyRevoked(ApiKeyState, type="api_key.revoked"):
    """An API key counts no more."""
