"""Settings of one service process, from ``TRUEUP_*`` environment variables.

``docs/settings.md`` lists them all.
"""

import base64
import os
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

Number = TypeVar("Number", int, float)

_KINDS = {int: "a whole number", float: "a number"}
_HIGHEST_PORT = 65_535


class SettingError(RuntimeError):
    """A setting that this process needs is missing or wrong; the message names it."""


def environment(name: str, default: str | None = None) -> str:
    """The variable ``TRUEUP_<name>``, or the default; a missing one names itself."""
    value = os.environ.get(f"TRUEUP_{name}") or default
    if value is None:
        raise SettingError(f"set TRUEUP_{name} (see docs/settings.md)")
    return value


def number(name: str, default: Number, *, least: Number, most: Number | None = None) -> Number:
    """The variable ``TRUEUP_<name>`` as a number of the default's kind, from ``least`` to ``most``.

    Raises:
        SettingError: It is no such number.
    """
    text, kind = environment(name, str(default)), type(default)
    highest = kind(2**31 - 1) if most is None else most
    to = f"of at least {least}" if most is None else f"from {least} to {most}"
    wrong = SettingError(f"TRUEUP_{name} is {text!r}; it must be {_KINDS[kind]} {to} (see docs/settings.md)")
    try:
        value = kind(text)
    except ValueError:
        raise wrong from None
    if not least <= value <= highest:  # what is not a number (nan) is not between any two
        raise wrong
    return value


def public_url() -> str:
    """The address under which people reach Trueup (``TRUEUP_PUBLIC_URL``, else the gateway's), without a slash."""
    return environment("PUBLIC_URL", environment("GATEWAY_URL", "http://127.0.0.1:8000").split(",")[0]).rstrip("/")


def bare_environment() -> dict[str, str]:
    """What a process of our own needs that only computes: where its programs are, and none of the secrets."""
    return {name: os.environ[name] for name in _FOR_ANY_PROCESS if name in os.environ} | {
        "PYTHONUTF8": "1",
        "TZ": "UTC",
    }


_FOR_ANY_PROCESS = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")


class Settings(BaseModel):
    """What one process of a service needs to know."""

    model_config = ConfigDict(frozen=True, ignored_types=(cached_property,))

    service: str
    database_url: SecretStr | None
    nats_url: str
    nats_user: str
    nats_password: SecretStr
    identity_url: str
    secret_key: SecretStr
    host: str = "127.0.0.1"
    port: int = 0
    listen_fd: int | None = None
    """An inherited socket that listens already, instead of host and port."""
    pool_size: int = 8
    log_level: str = "INFO"
    batch_size: int = 500
    retry_seconds: float = 1.0
    """The first delay after a message failed alone; it doubles each time."""
    jwks: str | None = None
    """Inline JWKS that replaces identity's; for tests of one service."""

    @classmethod
    def load(cls, service: str) -> "Settings":
        """Settings of ``service`` from the environment."""
        name = service.upper()
        has_database = service != "gateway"
        return cls(
            service=service,
            database_url=SecretStr(environment(f"{name}_DATABASE_URL")) if has_database else None,
            nats_url=environment("NATS_URL"),
            nats_user=environment(f"{name}_NATS_USER", service),
            nats_password=SecretStr(environment(f"{name}_NATS_PASSWORD")),
            identity_url=environment("IDENTITY_URL").split(",")[0],
            secret_key=SecretStr(environment("SECRET_KEY")),
            host=environment("HOST", "127.0.0.1"),
            port=number("PORT", 0, least=0, most=_HIGHEST_PORT),
            listen_fd=int(os.environ["TRUEUP_LISTEN_FD"]) if "TRUEUP_LISTEN_FD" in os.environ else None,
            pool_size=number("POOL_SIZE", 8, least=1),
            log_level=environment("LOG_LEVEL", "INFO"),
            batch_size=number("BATCH_SIZE", 500, least=1),
            retry_seconds=number("RETRY_SECONDS", 1.0, least=0.001),
            jwks=os.environ.get("TRUEUP_JWKS"),
        )

    @cached_property
    def secret_key_bytes(self) -> bytes:
        """The 32 bytes that encrypt secrets at rest."""
        return base64.b64decode(self.secret_key.get_secret_value())
