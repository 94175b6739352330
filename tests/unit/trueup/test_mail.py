import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.identity.mail import rules
from shared.kernel.ids import new_id
from shared.platform.mail import WrittenLetter, as_message, file_name
from trueup.cli import main
from trueup.commands.mail import letters
from trueup.demo.mailbox import ACCEPT, VERIFY, Mailbox


def put(folder: Path, minute: int, email: str, token: str) -> None:
    """A letter of this minute, which asks to confirm the address."""
    letter = rules.verification(email, "Zoë", token, "http://here")
    written = datetime(2026, 3, 1, 12, minute, tzinfo=UTC)
    mail = WrittenLetter(new_id(), written, letter.to_address, letter.subject, letter.body)
    message = as_message(mail, "Trueup <no-reply@trueup.invalid>")
    (folder / file_name(mail.created_at, mail.id)).write_bytes(message.as_bytes())


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUEUP_MAIL_DIR", str(tmp_path))
    monkeypatch.setenv("TRUEUP_STATE_DIR", str(tmp_path / "state"))
    for minute, (email, token) in enumerate([("ada@example.com", "first"), ("zoë@example.com", "second")]):
        put(tmp_path, minute, email, token)
    (tmp_path / ".half.eml.part").write_bytes(b"")
    return tmp_path


def test_letters_come_in_order_with_their_tokens(mailbox: Path) -> None:
    assert [(letter.to, letter.token) for letter in letters(mailbox)] == [
        ("ada@example.com", "first"),
        ("zoë@example.com", "second"),
    ]
    assert [letter.token for letter in letters(mailbox, "ADA@")] == ["first"]
    assert "Hello Zoë" in next(letters(mailbox)).body


def test_the_command_lists_reads_and_gives_json(mailbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mail", "--json", "--to", "ada"]) == 0
    (letter,) = json.loads(capsys.readouterr().out)
    assert (letter["subject"], letter["token"]) == ("Confirm your e-mail address for Trueup", "first")
    assert main(["mail", "--read"]) == 0
    assert "Token: second\n" in capsys.readouterr().out
    assert main(["mail"]) == 0
    assert "first" in capsys.readouterr().out
    assert main(["mail", "--to", "nobody"]) == 0
    assert "no letters to nobody" in capsys.readouterr().out


def test_whoever_looks_finds_their_newest_token(mailbox: Path) -> None:
    post = Mailbox(mailbox)
    assert (post.token("Ada@example.com", VERIFY), post.token("ada@example.com", ACCEPT)) == ("first", None)
    put(mailbox, 9, "ada@example.com", "third")
    assert post.token("ada@example.com", VERIFY) == "third"
    put(mailbox, 5, "ada@example.com", "late, and not the newest")
    assert (post.token("ada@example.com", VERIFY), post.token("zoë@example.com", VERIFY)) == ("third", "second")
