"""What letters say: plain and friendly, the token on a line of its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to be sent."""

    to_address: str
    subject: str
    body: str


def verification(to_address: str, first_name: str, token: str, public_url: str) -> Letter:
    """Asks a new user to prove that the address is theirs."""
    body = f"""Hello {first_name},

welcome to Trueup. Please confirm that this e-mail address is yours:

{public_url}/verify-email?token={token}

Or give this token to POST /v1/auth/verify-email:

Token: {token}

It is good for two days. If you did not register, you can ignore this letter.
"""
    return Letter(to_address, "Confirm your e-mail address for Trueup", body)


def already_registered(to_address: str, first_name: str, public_url: str) -> Letter:
    """Tells the owner of an address that somebody tried to register it again."""
    body = f"""Hello {first_name},

somebody just tried to register at Trueup with your e-mail address. You already have an account: log in
at {public_url}/login.

If that was not you, nothing happened, and you need not do anything.
"""
    return Letter(to_address, "You already have a Trueup account", body)


def password_reset(to_address: str, first_name: str, token: str, public_url: str) -> Letter:
    """Lets somebody choose a new password."""
    body = f"""Hello {first_name},

somebody (you, we hope) asked for a new password for your Trueup account. Choose one here:

{public_url}/reset-password?token={token}

Or give this token to POST /v1/auth/reset-password:

Token: {token}

It is good for one hour, and once. If you did not ask for it, you can ignore this letter: your password stays.
"""
    return Letter(to_address, "Choose a new password for Trueup", body)


def password_changed(to_address: str, first_name: str, public_url: str) -> Letter:
    """Tells somebody that their password is another one now."""
    body = f"""Hello {first_name},

your Trueup password was changed, and all your sessions were ended. Log in at {public_url}/login.

If that was not you, ask for a new password at once: {public_url}/forgot-password
"""
    return Letter(to_address, "Your Trueup password was changed", body)


def invitation(to_address: str, token: str, public_url: str, *, organization: str, inviter: str, role: str) -> Letter:
    """Invites a person to an organization."""
    body = f"""Hello,

{inviter} invites you to join {organization} on Trueup, with the role {role}.

Log in (or register with this e-mail address) and accept:

{public_url}/accept-invitation?token={token}

Or give this token to POST /v1/organizations/accept-invitation:

Token: {token}

It is good for seven days. If you do not know them, you can ignore this letter.
"""
    return Letter(to_address, f"{inviter} invites you to {organization}", body)
