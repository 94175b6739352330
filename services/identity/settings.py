"""Settings that only identity has, from ``TRUEUP_*`` environment variables."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from shared.platform.secrets import SecretBox
from shared.platform.service import Runtime
from shared.platform.settings import environment


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where letters go: to an SMTP server, else as files into a folder."""

    folder: Path
    smtp_url: str
    sender: str

    @classmethod
    def load(cls) -> "MailSettings":
        """From ``TRUEUP_MAIL_DIR``, ``TRUEUP_SMTP_URL`` and ``TRUEUP_MAIL_FROM``."""
        return cls(
            folder=Path(environment("MAIL_DIR", "var/mail")),
            smtp_url=environment("SMTP_URL", ""),
            sender=environment("MAIL_FROM", "Trueup <no-reply@trueup.invalid>"),
        )


def rate_limit_factor() -> float:
    """By how much the limits at the front door are multiplied (``TRUEUP_RATE_LIMIT_FACTOR``)."""
    return float(environment("RATE_LIMIT_FACTOR", "1"))


def secret_box(runtime: Runtime) -> SecretBox:
    """What seals private keys and unsent letters."""
    return SecretBox(runtime.settings.secret_key_bytes)


def _box_of_request(request: Request) -> SecretBox:
    return secret_box(request.app.state.runtime)


Box = Annotated[SecretBox, Depends(_box_of_request)]
"""The box of this process, for endpoints."""
