"""Letters over SMTP, to a server of this test's own."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from shared.contracts.identity import MemberJoined
from tests.harness.house import House
from tests.harness.post_office import PostOffice, post_office
from tests.service.identity.conftest import FrontDesk, eventually

EMAIL = "ada@example.com"


def known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"trueup", b"p@ss word"))


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    login = {"authenticator": known, "auth_require_tls": False, "auth_required": True}
    async with post_office(**login, enable_SMTPUTF8=True) as office:
        yield office


# The connection never leaves this machine.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated")
async def test_a_letter_is_sent_again_until_the_server_takes_it(
    quick_passwords: None, house: House, office: PostOffice, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("TRUEUP_SMTP_URL", f"smtp://trueup:p%40ss%20word@127.0.0.1:{office.port}")
    monkeypatch.setenv("TRUEUP_MAIL_FROM", "Trueup <hello@trueup.example>")
    monkeypatch.setenv("TRUEUP_MAIL_DIR", str(tmp_path))
    await house.start("identity")
    desk = FrontDesk(house, tmp_path)
    await desk.register(EMAIL, first_name="Ada Müller")
    await eventually(lambda: len(office.envelopes) == 1)
    (envelope,) = office.envelopes
    assert office.tried == 2
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hello@trueup.example", [EMAIL])
    message = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
    assert message["Subject"] == "Confirm your e-mail address for Trueup"
    assert "Hello Ada Müller," in message.get_content()
    assert not list(tmp_path.iterdir())
    await asyncio.sleep(0.3)
    assert len(office.envelopes) == 1


async def test_a_membership_tells_where_its_member_is_written_to(desk: FrontDesk, house: House) -> None:
    person = await desk.person(EMAIL)
    made = await desk.post("/v1/organizations", {"name": "Kopi"}, person["access_token"])
    assert made.status_code == 201, made.text
    await house.settle()
    (joined,) = await house.events("IDENTITY", MemberJoined)
    assert (joined.email, str(joined.user_id)) == (EMAIL, person["user"]["id"])
