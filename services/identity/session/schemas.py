"""Request and response bodies of sessions."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.identity.session.models import Session
from services.identity.user.schemas import LONGEST_EMAIL, AnyPassword, MeOut, Token
from shared.kernel.text import Prose
from shared.platform.http.bodies import Body

Code = Annotated[
    Prose,
    Field(min_length=6, max_length=40, examples=["123456"], description="of the authenticator, or a recovery code"),
]


class Login(Body):
    """Who logs in. ``cookies``: for web pages, the tokens come as HTTP-only cookies and not in the body."""

    email: Annotated[Prose, Field(min_length=1, max_length=LONGEST_EMAIL)]
    password: AnyPassword
    code: Code | None = None
    cookies: Annotated[bool, Field(strict=True)] = False


class RefreshBody(Body):
    """The refresh token from `login`, or from the refresh before; left out, it is taken from the cookie."""

    refresh_token: Token | None = None


class LoginOut(MeOut):
    """Tokens (null when they came as cookies), and who they are for."""

    access_token: str | None
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, no secret
    expires_in: int
    refresh_token: str | None


class SessionOut(BaseModel):
    """One of your sessions. ``current``: the one that asks."""

    id: UUID
    current: bool
    method: Literal["password", "provider"]
    address: str
    user_agent: str
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, session: Session, current: UUID | None) -> "SessionOut":
        """From its row."""
        return cls(
            id=session.id,
            current=session.id == current,
            method="provider" if session.method == "provider" else "password",
            address=session.address,
            user_agent=session.user_agent,
            started_at=session.started_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
        )
