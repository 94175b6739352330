"""What a connection's secrets are."""

import secrets
from uuid import UUID

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of Stripe's signing secrets, not one of them
MOST_SECRETS = 5
"""How many signing secrets may be active at once: a rotation needs two."""

_HINT_LENGTH = 4


def new_secret() -> str:
    """A signing secret of Stripe's form."""
    return SECRET_PREFIX + secrets.token_urlsafe(24).replace("-", "A").replace("_", "B")


def hint(secret: str) -> str:
    """What is shown of a stored secret: its last characters."""
    return secret[-_HINT_LENGTH:]


def secret_context(connection_id: UUID) -> str:
    """What a sealed secret is bound to, so that it opens for its own connection only."""
    return f"stripe-webhook:{connection_id}"
