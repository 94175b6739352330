"""Settings that only identity has, from ``TRUEUP_*`` environment variables."""

import os
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from shared.platform.secrets import SecretBox
from shared.platform.service import Runtime
from shared.platform.settings import environment, number


def rate_limit_factor() -> float:
    """By how much the limits at the front door are multiplied (``TRUEUP_RATE_LIMIT_FACTOR``)."""
    return number("RATE_LIMIT_FACTOR", 1.0, least=0.001)


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """By what identity lets event subscribers into the bus."""

    password: SecretStr
    issuer_seed: SecretStr

    @classmethod
    def load(cls) -> "DoorSettings | None":
        """From ``TRUEUP_SUBSCRIBER_ISSUER_SEED`` and ``TRUEUP_DOORKEEPER_NATS_PASSWORD``; None without the seed."""
        seed = os.environ.get("TRUEUP_SUBSCRIBER_ISSUER_SEED")
        if not seed:
            return None
        return cls(SecretStr(environment("DOORKEEPER_NATS_PASSWORD")), SecretStr(seed))


def secret_box(runtime: Runtime) -> SecretBox:
    """What seals private keys and unsent letters."""
    return SecretBox(runtime.settings.secret_key_bytes)


async def _box_of_request(request: Request) -> SecretBox:
    return secret_box(request.app.state.runtime)


Box = Annotated[SecretBox, Depends(_box_of_request)]
"""The box of this process, for endpoints."""
