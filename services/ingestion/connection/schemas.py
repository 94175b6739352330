"""Request and response bodies of connections."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.ingestion.connection.models import StripeConnection
from services.ingestion.connection.rules import MOST_SECRETS
from shared.kernel.text import OneLine
from shared.platform.http.bodies import Answer, Body

StripeAccountId = Annotated[str, StringConstraints(pattern=r"^acct_[A-Za-z0-9]{1,64}$")]
SigningSecret = Annotated[
    str,
    StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/=_-]{16,200}$"),
    Field(description="A signing secret of Stripe's webhook endpoint; never shown again."),
]
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class NewConnection(Body):
    """A Stripe account to connect. Without ``webhook_secrets`` one is made, and shown once in the answer."""

    name: OneLine
    stripe_account_id: StripeAccountId | None = None
    livemode: bool
    webhook_secrets: Annotated[tuple[SigningSecret, ...], Field(max_length=MOST_SECRETS)] = ()
    default_venture_id: UUID | None = None


class ConnectionChange(Body):
    """What to change; members that are left out stay as they are.

    Secrets rotate by adding the new one and later retiring the old one by its id.
    """

    name: OneLine | None = None
    stripe_account_id: StripeAccountId | None = None
    default_venture_id: UUID | None = None
    status: Literal["active", "disabled"] | None = None
    add_webhook_secrets: Annotated[tuple[SigningSecret, ...], Field(max_length=MOST_SECRETS)] = ()
    retire_webhook_secrets: Annotated[tuple[UUID, ...], Field(max_length=MOST_SECRETS)] = ()
    version: Version | None = None


class SecretOut(Answer):
    """A stored signing secret: only its last characters are shown."""

    id: UUID
    hint: str
    added_at: datetime
    retired_at: datetime | None


class ConnectionOut(Answer):
    """A Stripe connection. ``webhook_path`` is where Stripe posts to, behind the gateway's address."""

    id: UUID
    version: int
    name: str
    stripe_account_id: str | None
    livemode: bool
    default_venture_id: UUID | None
    status: Literal["active", "disabled"]
    webhook_path: str
    webhook_secrets: list[SecretOut]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, connection: StripeConnection) -> "ConnectionOut":
        """What may be shown of a connection."""
        return cls.model_validate(_members(connection))


class CreatedConnectionOut(ConnectionOut):
    """A new connection. ``webhook_secret`` is the one that was made for it, shown this once."""

    webhook_secret: str | None

    @classmethod
    def with_secret(cls, connection: StripeConnection, secret: str | None) -> "CreatedConnectionOut":
        """A new connection and its generated secret, if one was made."""
        return cls.model_validate(_members(connection) | {"webhook_secret": secret})


def _members(connection: StripeConnection) -> dict[str, object]:
    names = ("id", "version", "name", "stripe_account_id", "livemode", "default_venture_id", "status")
    members: dict[str, object] = {name: getattr(connection, name) for name in names}
    secrets = [
        {name: secret[name] for name in ("id", "hint", "added_at", "retired_at")} for secret in connection.secrets
    ]
    return members | {
        "webhook_path": f"/webhooks/stripe/{connection.id}",
        "webhook_secrets": secrets,
        "created_at": connection.created_at,
        "updated_at": connection.updated_at,
    }
