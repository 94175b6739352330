"""Request and response bodies of second factors."""

from pydantic import BaseModel

from services.identity.session.schemas import Code
from services.identity.user.schemas import AnyPassword
from shared.platform.http.bodies import Body


class PasswordAgain(Body):
    """The password once more; null for an account without one, whose session must be fresh then."""

    password: AnyPassword | None = None


class ConfirmCode(Body):
    """A code of the new secret."""

    code: Code


class PasswordAndCode(PasswordAgain):
    """Password and code once more."""

    code: Code


class SecondFactorOut(BaseModel):
    """Whether a login takes a code."""

    active: bool
    recovery_codes_left: int


class SecretOut(BaseModel):
    """What the authenticator is told; shown once."""

    secret: str
    otpauth_url: str


class RecoveryCodesOut(BaseModel):
    """Codes that stand in for the authenticator, each once; shown once."""

    recovery_codes: list[str]
