"""Letters over SMTP, to a server of this test's own."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from shared.contracts.identity import MemberJoined
from tests.harness.house import House
from tests.service.identity.conftest import FrontDesk, eventually

EMAIL = "ada@example.com"


class PostOffice:
    """Takes letters of who logs in; refuses the first one for now."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.refused = 0

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        assert session.authenticated
        if not self.refused:
            self.refused += 1
            return "451 Try again later"
        self.envelopes.append(envelope)
        return "250 OK"


def known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"trueup", b"p@ss word"))


@pytest.fixture
async def office() -> AsyncIterator[tuple[PostOffice, int]]:
    handler = PostOffice()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            handler,
            hostname="post.example",
            authenticator=known,
            auth_require_tls=False,
            auth_required=True,
            enable_SMTPUTF8=True,
        ),
        "127.0.0.1",
        0,
    )
    yield handler, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


# The connection never leaves this machine.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated")
async def test_a_letter_is_sent_again_until_the_server_takes_it(
    quick_passwords: None, house: House, office: tuple[PostOffice, int], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    handler, port = office
    monkeypatch.setenv("TRUEUP_SMTP_URL", f"smtp://trueup:p%40ss%20word@127.0.0.1:{port}")
    monkeypatch.setenv("TRUEUP_MAIL_FROM", "Trueup <hello@trueup.example>")
    monkeypatch.setenv("TRUEUP_MAIL_DIR", str(tmp_path))
    await house.start("identity")
    desk = FrontDesk(house, tmp_path)
    await desk.register(EMAIL, first_name="Ada Müller")
    await eventually(lambda: len(handler.envelopes) == 1)
    (envelope,) = handler.envelopes
    assert handler.refused == 1
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hello@trueup.example", [EMAIL])
    message = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
    assert message["Subject"] == "Confirm your e-mail address for Trueup"
    assert "Hello Ada Müller," in message.get_content()
    assert not list(tmp_path.iterdir())
    await asyncio.sleep(0.3)
    assert len(handler.envelopes) == 1


async def test_a_membership_tells_where_its_member_is_written_to(desk: FrontDesk, house: House) -> None:
    person = await desk.person(EMAIL)
    made = await desk.post("/v1/organizations", {"name": "Kopi"}, person["access_token"])
    assert made.status_code == 201, made.text
    await house.settle()
    (joined,) = await house.events("IDENTITY", MemberJoined)
    assert (joined.email, str(joined.user_id)) == (EMAIL, person["user"]["id"])
