"""Settings of outgoing webhooks, from ``TRUEUP_*`` environment variables."""

from functools import cache

from services.sync.delivery.rules.address import Network, networks
from shared.platform.settings import SettingError, environment


@cache
def _networks(text: str) -> tuple[Network, ...]:
    return networks(text)


def allowed_networks() -> tuple[Network, ...]:
    """The inner networks to which webhooks may go nonetheless (``TRUEUP_WEBHOOK_NETWORKS``)."""
    try:
        return _networks(environment("WEBHOOK_NETWORKS", ""))
    except ValueError as error:
        raise SettingError(f"TRUEUP_WEBHOOK_NETWORKS: {error} (see docs/settings.md)") from None
