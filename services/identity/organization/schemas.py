"""Request and response bodies of organizations."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, TypeAdapter, model_validator

from services.identity.organization.models import Organization
from shared.contracts.identity import Role
from shared.kernel.money import CurrencyCode
from shared.kernel.text import OneLine, storable
from shared.platform.http.bodies import Body

_WEB_ADDRESS: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not an IANA time zone, e.g. Asia/Kuala_Lumpur")
    return value


def _web_address(value: str) -> str:
    return str(_WEB_ADDRESS.validate_python(storable(value)))


TimeZone = Annotated[str, Field(max_length=64, examples=["Asia/Kuala_Lumpur"]), AfterValidator(_known_zone)]
WebAddress = Annotated[str, Field(max_length=2000, examples=["https://example.com"]), AfterValidator(_web_address)]
DateFormat = Literal["MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "YYYY-MM-DD"]
Size = Literal["1-10", "11-50", "51-200", "201-500", "500+"]
FiscalYearStart = Annotated[int, Field(strict=True, ge=1, le=12)]
Year = Annotated[int, Field(strict=True, ge=1600, le=2100)]
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class SettingsBody(Body):
    """How the organization counts. The base currency cannot be changed later."""

    fiscal_year_start: FiscalYearStart = 1
    currency: CurrencyCode = "USD"
    timezone: TimeZone = "UTC"
    date_format: DateFormat = "MM/DD/YYYY"


class NewOrganization(Body):
    """An organization to create. Its name is unique and becomes the slug."""

    name: OneLine
    industry: OneLine | None = None
    size: Size | None = None
    founded_year: Year | None = None
    website: WebAddress | None = None
    logo_url: WebAddress | None = None
    settings: SettingsBody = Field(default_factory=SettingsBody)


class SettingsChange(Body):
    """Settings to change; members that are left out stay."""

    fiscal_year_start: FiscalYearStart | None = None
    currency: CurrencyCode | None = None
    timezone: TimeZone | None = None
    date_format: DateFormat | None = None


class OrganizationChange(Body):
    """What to change; members that are left out stay. ``version`` (or If-Match) guards the save."""

    name: OneLine | None = None
    industry: OneLine | None = None
    size: Size | None = None
    founded_year: Year | None = None
    website: WebAddress | None = None
    logo_url: WebAddress | None = None
    settings: SettingsChange = Field(default_factory=SettingsChange)
    version: Version | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> "OrganizationChange":
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name cannot be null; leave it out to keep it")
        return self

    def wanted(self) -> dict[str, Any]:
        """The members that were given, as values of the table's columns."""
        given = self.model_dump(exclude_unset=True, exclude={"version", "settings"})
        settings = self.settings.model_dump(exclude_none=True)
        names = {"currency": "base_currency", "timezone": "time_zone"}
        return given | {names.get(name, name): value for name, value in settings.items()}


class SettingsOut(BaseModel):
    """How the organization counts."""

    fiscal_year_start: int
    currency: CurrencyCode
    timezone: str
    date_format: str


class OrganizationOut(BaseModel):
    """An organization, and the caller's role in it."""

    id: UUID
    name: str
    slug: str
    industry: str | None
    size: str | None
    founded_year: int | None
    website: str | None
    logo_url: str | None
    settings: SettingsOut
    role: Role
    version: int
    created_at: datetime
    archived_at: datetime | None

    @classmethod
    def of(cls, organization: Organization, role: Role, **more: Any) -> Self:
        """From its row."""
        return cls(
            id=organization.id,
            name=organization.name,
            slug=organization.slug,
            industry=organization.industry,
            size=organization.size,
            founded_year=organization.founded_year,
            website=organization.website,
            logo_url=organization.logo_url,
            settings=SettingsOut(
                fiscal_year_start=organization.fiscal_year_start,
                currency=organization.base_currency,
                timezone=organization.time_zone,
                date_format=organization.date_format,
            ),
            role=role,
            version=organization.version,
            created_at=organization.created_at,
            archived_at=organization.archived_at,
            **more,
        )


class OrganizationWithToken(OrganizationOut):
    """An organization that the caller now belongs to, and an access token that says so."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, no secret
    expires_in: int


class OrganizationsOut(BaseModel):
    """The caller's organizations."""

    items: list[OrganizationOut]
