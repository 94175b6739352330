"""Request and response bodies of users."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.identity.membership.models import Membership
from services.identity.organization.models import Organization
from services.identity.user.models import User
from services.identity.user.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD, password_objection
from shared.contracts.identity import Role
from shared.kernel.text import OneLine, Prose, storable
from shared.platform.http.bodies import Body

# A company's own domains (.local, .test) are as good as others: whether mail arrives is proven by a letter.
SPECIAL_USE_DOMAIN_NAMES.clear()
LONGEST_EMAIL = 254
LONGEST_TOKEN = 200


def _email(value: str) -> str:
    """The address in its normal form."""
    try:
        checked = validate_email(storable(value), check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError(f"is not an e-mail address: {error}") from None
    return checked.normalized


Email = Annotated[
    str,
    Field(min_length=3, max_length=LONGEST_EMAIL, json_schema_extra={"format": "email"}, examples=["ada@example.com"]),
    AfterValidator(_email),
]
AnyPassword = Annotated[
    Prose, Field(min_length=1, max_length=LONGEST_PASSWORD, json_schema_extra={"format": "password"})
]
NewPassword = Annotated[
    Prose,
    Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD, json_schema_extra={"format": "password"}),
]
Token = Annotated[Prose, Field(min_length=1, max_length=LONGEST_TOKEN)]


class NewUser(Body):
    """Somebody who registers."""

    email: Email
    password: NewPassword
    first_name: OneLine
    last_name: OneLine

    @model_validator(mode="after")
    def _is_a_good_password(self) -> "NewUser":
        if objection := password_objection(self.password, self.email):
            raise ValueError(f"the password {objection}")
        return self


class VerifyEmail(Body):
    """The token from the verification letter."""

    token: Token


class ResendVerification(Body):
    """Whom to send the verification letter again."""

    email: Email


class ForgotPassword(Body):
    """Whose password is forgotten."""

    email: Email


class ResetPassword(Body):
    """The token from the letter, and the password from now on."""

    token: Token
    new_password: NewPassword

    @model_validator(mode="after")
    def _is_a_good_password(self) -> "ResetPassword":
        if objection := password_objection(self.new_password, ""):
            raise ValueError(f"the password {objection}")
        return self


class MessageOut(BaseModel):
    """What a person may be told."""

    message: str


class VerifiedOut(BaseModel):
    """The address is proven."""

    email_verified: Literal[True] = True
    message: str = "Your e-mail address is confirmed. You can log in."


class UserOut(BaseModel):
    """A user."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    email_verified: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserOut":
        """From its row."""
        return cls(
            id=user.id,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            email_verified=user.verified_at is not None,
            created_at=user.created_at,
        )


class OrganizationOfUser(BaseModel):
    """An organization that a user belongs to."""

    id: UUID
    name: str
    slug: str
    role: Role

    @classmethod
    def of(cls, membership: Membership, organization: Organization) -> "OrganizationOfUser":
        """From the rows."""
        return cls(id=organization.id, name=organization.name, slug=organization.slug, role=Role(membership.role))


class MeOut(BaseModel):
    """Who is calling."""

    user: UserOut
    organizations: list[OrganizationOfUser]
