"""Request and response bodies of memberships and invitations."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.identity.membership.models import Invitation, Membership
from services.identity.user.models import User
from services.identity.user.schemas import Email, Token
from shared.contracts.identity import Role
from shared.platform.http.bodies import Body


class NewInvitation(Body):
    """Whom to invite, and with which role."""

    email: Email
    role: Role


class AcceptInvitation(Body):
    """The token from the invitation."""

    token: Token


class RoleChange(Body):
    """The member's new role."""

    role: Role


class MemberOut(BaseModel):
    """A member of an organization."""

    user_id: UUID
    email: str
    first_name: str
    last_name: str
    role: Role
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
            version=membership.version,
            joined_at=membership.joined_at,
        )


class InvitationOut(BaseModel):
    """An invitation that waits for its answer; the token is only in the letter."""

    id: UUID
    email: str
    role: Role
    status: Literal["pending"] = "pending"
    invited_by: UUID
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationOut":
        """From its row."""
        return cls(
            id=invitation.id,
            email=invitation.email,
            role=Role(invitation.role),
            invited_by=invitation.invited_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
