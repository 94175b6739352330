"""Request and response bodies of API keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from services.identity.api_key import rules
from services.identity.api_key.models import ApiKey
from shared.contracts.identity import Role
from shared.kernel.text import OneLine
from shared.platform.http.bodies import Body

_YEARS = range(2000, 2200)


def _known(scopes: list[str]) -> list[str]:
    if unknown := rules.unknown_scopes(scopes):
        raise ValueError(f"unknown scopes: {', '.join(unknown)}; there are {', '.join(rules.SCOPES)}")
    return sorted(set(scopes))


def _reasonable(value: datetime) -> datetime:
    if value.year not in _YEARS:
        raise ValueError("is out of range; leave it out for a key that does not expire")
    return value


Scope = Annotated[str, Field(max_length=60, json_schema_extra={"enum": list(rules.SCOPES)})]


class NewApiKey(Body):
    """A key to make. ``scopes`` null: all that the role allows. ``expires_at`` null: until it is revoked."""

    name: OneLine
    role: Annotated[Role, Field(description="not above your own, and not owner")] = Role.VIEWER
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=50), AfterValidator(_known)] | None = None
    expires_at: Annotated[AwareDatetime, AfterValidator(_reasonable)] | None = None


class ApiKeyOut(BaseModel):
    """An API key, without its secret. ``last_used_at`` is exact to the minute."""

    id: UUID
    name: str
    role: Role
    scopes: list[str] | None
    hint: Annotated[str, Field(description="how the key begins")]
    status: rules.Status
    created_at: datetime
    created_by: UUID
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey, now: datetime) -> "ApiKeyOut":
        """From its row."""
        return cls(
            id=key.id,
            name=key.name,
            role=Role(key.role),
            scopes=key.scopes,
            hint=key.hint,
            status=rules.status_of(key.revoked_at, key.expires_at, now),
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            revoked_at=key.revoked_at,
        )


class NewApiKeyOut(ApiKeyOut):
    """A new API key: ``key`` is shown now and never again."""

    key: str
