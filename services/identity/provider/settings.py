"""Which providers people may log in with, from ``TRUEUP_OIDC_PROVIDERS``.

A JSON object: ``{"corp": {"issuer": "https://login.example", "client_id": "...", "client_secret": "...",
"title": "Corporate login"}}``. The name is part of the paths; the rest is found by OpenID Connect Discovery.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from shared.platform.settings import SettingError, environment


class ProviderSettings(BaseModel):
    """One provider. Its word counts for who owns an e-mail address: name only those you trust."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Annotated[str, Field(pattern=r"^https?://\S+$")]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr
    title: str = "Single sign-on"
    scopes: str = "openid email profile"


_PROVIDERS: TypeAdapter[dict[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")], ProviderSettings]] = TypeAdapter(
    dict[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")], ProviderSettings]
)


def providers() -> dict[str, ProviderSettings]:
    """The providers by name; none without the setting."""
    try:
        return _PROVIDERS.validate_json(environment("OIDC_PROVIDERS", "{}"))
    except ValidationError as error:
        # The message of the error would show the client secret.
        places = sorted({".".join(str(part) for part in item["loc"]) for item in error.errors()})
        raise SettingError(f"TRUEUP_OIDC_PROVIDERS is not as docs/settings.md says: {', '.join(places)}") from None
