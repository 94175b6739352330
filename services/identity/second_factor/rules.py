"""Time-based codes (RFC 6238: six digits, 30 seconds, SHA-1, as every authenticator knows them)."""

import hashlib
import re
import secrets
from datetime import datetime

import pyotp

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""Clocks may differ by one step; a code is good once all the same."""
RECOVERY_CODES = 10
ISSUER = "Trueup"

_CODE = re.compile(r"^\d{6}$")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 16


def new_secret() -> str:
    """160 random bits, base32."""
    return pyotp.random_base32()


def address_of(secret: str, email: str) -> str:
    """The ``otpauth://`` address that an authenticator reads (as a QR code)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step that a code is of; None if it is of none near now, or of one that was used already."""
    code = code.replace(" ", "")
    if not _CODE.match(code):
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if secrets.compare_digest(totp.generate_otp(step), code) and step > last_step:
            return step
    return None


def new_recovery_code() -> str:
    """A code that nobody guesses (79 bits), in groups that can be copied by hand."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH))
    return "-".join(code[start : start + 4] for start in range(0, _RECOVERY_LENGTH, 4))


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code; case, spaces and dashes do not matter."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code).lower().encode()).hexdigest()
