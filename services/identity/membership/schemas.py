"""Request and response bodies of memberships and invitations."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.identity.membership.models import Invitation, Membership
from services.identity.user.models import User
from services.identity.user.schemas import Email, Token
from shared.contracts.identity import Role
from shared.platform.http.bodies import Body

Ventures = Annotated[
    list[UUID] | None,
    Field(min_length=1, max_length=200, description="the only ventures that the member sees and changes; null: all"),
]


class NewInvitation(Body):
    """Whom to invite, with which role, and perhaps to some ventures only (members and viewers)."""

    email: Email
    role: Role
    venture_ids: Ventures = None


class AcceptInvitation(Body):
    """The token from the invitation."""

    token: Token


class MemberChange(Body):
    """What to change of a membership; members that are left out stay."""

    role: Role | None = None
    venture_ids: Ventures = None

    @model_validator(mode="after")
    def _has_a_role(self) -> "MemberChange":
        if "role" in self.model_fields_set and self.role is None:
            raise ValueError("role cannot be null; leave it out to keep it")
        return self


class OwnershipTransfer(Body):
    """Who becomes an owner in your place."""

    user_id: UUID


class MemberOut(BaseModel):
    """A member of an organization."""

    user_id: UUID
    email: str
    first_name: str
    last_name: str
    role: Role
    venture_ids: list[UUID] | None
    status: Literal["active"] = "active"
    version: int
    joined_at: datetime

    @classmethod
    def of(cls, membership: Membership, user: User) -> "MemberOut":
        """From the rows."""
        return cls(
            user_id=user.id,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            role=Role(membership.role),
            venture_ids=membership.venture_ids,
            version=membership.version,
            joined_at=membership.joined_at,
        )


class InvitationOut(BaseModel):
    """An invitation that waits for its answer; the token is only in the letter. An expired one can be sent again."""

    id: UUID
    email: str
    role: Role
    venture_ids: list[UUID] | None
    status: Literal["pending", "expired"]
    invited_by: UUID
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation, now: datetime) -> "InvitationOut":
        """From its row."""
        return cls(
            id=invitation.id,
            email=invitation.email,
            role=Role(invitation.role),
            venture_ids=invitation.venture_ids,
            status="pending" if invitation.expires_at > now else "expired",
            invited_by=invitation.invited_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
