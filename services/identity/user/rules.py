"""What a good password is, when two addresses are one, how many logins may fail."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
VERIFICATION_LIFETIME = timedelta(days=2)
VERIFICATIONS_AN_HOUR = 5
RESET_LIFETIME = timedelta(hours=1)
NO_PASSWORD = "!"  # noqa: S105 - no password hashes to it: the user logs in with another provider
FAILURE_WINDOW = timedelta(minutes=15)

_COMMON = """
    00000000 11111111 12121212 123123123 12341234 12344321 1234567890 123456789 12345678 123456789a 123456abc
    123abc123 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 87654321 88888888 987654321 a1234567 a12345678 aa123456 aaaaaaaa
    abc12345 abcd1234 abcdefgh access14 administrator admin123 admin1234 asdf1234 asdfasdf asdfghjk asdfghjkl
    babygirl baseball basketball butterfly changeme charlie1 chocolate computer corvette default1 dragon123
    football football1 google123 hello123 helloworld iloveyou iloveyou1 internet jennifer jordan23
    letmein1 letmein123 liverpool login123 lovelove master123 maverick mercedes michael1 michelle microsoft
    midnight monkey123 mustang1 p@ssw0rd p@ssword pa$$word passw0rd password password! password1 password12
    password123 password1234 patrick1 pokemon1 princess princess1 q1w2e3r4 q1w2e3r4t5 qazwsxedc qwer1234
    qwerty12 qwerty123 qwerty1234 qwertyui qwertyuiop samantha secret123 spiderman starwars sunshine sunshine1
    superman superman1 test1234 testtest trustno1 trueup12 trueup123 victoria welcome1 welcome123 whatever
    william1 zaq12wsx zxcvbnm1 zxcvbnm123 zxcvbnm,
"""
COMMON_PASSWORDS = frozenset(_COMMON.split())
"""The most common passwords of at least eight characters, in lower case (from published breach statistics)."""


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """How many logins of a scope may fail within the window."""

    scope: str
    failures: int


FAILURE_LIMITS = (
    FailureLimit("account_address", 10),
    FailureLimit("account", 50),
    FailureLimit("address", 200),
)


def same_address_key(email: str) -> str:
    """The address as it is compared: upper and lower case are one."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def password_objection(password: str, email: str) -> str | None:
    """Why this password is refused, or None."""
    lowered = password.casefold()
    if lowered in COMMON_PASSWORDS or len(set(lowered)) <= 2:  # noqa: PLR2004 - "abababab" is no password
        return "is one of the most common passwords; choose another one"
    if lowered in (email.casefold(), email.casefold().partition("@")[0]):
        return "is your e-mail address; choose another one"
    return None


def failure_subjects(email: str, address: str) -> dict[str, str]:
    """Under which hashed subject a failed login of each scope is counted."""
    account = same_address_key(email)
    named = {"account_address": f"{account}\n{address}", "account": account, "address": address}
    return {scope: hashlib.sha256(subject.encode()).hexdigest() for scope, subject in named.items()}
