"""``trueup mail``: the local mailbox, where letters lie that no SMTP server carries away."""

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trueup.local import State

app = typer.Typer(add_completion=False)
_TOKEN = re.compile(r"^Token: (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of the mailbox. ``token`` is what its receiver is asked to give back."""

    file: str
    date: str
    to: str
    subject: str
    token: str | None
    body: str


def mailbox() -> Path:
    """``TRUEUP_MAIL_DIR``, else ``mail`` in the state folder."""
    return Path(os.environ.get("TRUEUP_MAIL_DIR") or State.current().folder / "mail")


def letters(folder: Path, to: str = "") -> Iterator[Letter]:
    """The letters of a folder, oldest first; with ``to``, only those to addresses that contain it."""
    for path in sorted(folder.glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        receiver, body = str(message["To"]), message.get_content()
        if to.casefold() in receiver.casefold():
            token = _TOKEN.search(body)
            yield Letter(
                path.name, str(message["Date"]), receiver, str(message["Subject"]), token and token.group(1), body
            )


@app.command()
def mail(
    *,
    to: Annotated[str, typer.Option(help="only letters to addresses that contain this")] = "",
    read: Annotated[bool, typer.Option(help="the newest letter, whole")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list, bodies included")] = False,
) -> None:
    """List the letters that Trueup wrote, oldest first."""
    found = list(letters(mailbox(), to))
    if as_json:
        sys.stdout.write(json.dumps([asdict(letter) for letter in found], indent=2, ensure_ascii=False) + "\n")
        return
    if not found:
        sys.stdout.write(f"no letters{f' to {to}' if to else ''} in {mailbox()}\n")
        return
    if read:
        newest = found[-1]
        sys.stdout.write(f"To: {newest.to}\nSubject: {newest.subject}\nDate: {newest.date}\n\n{newest.body}")
        return
    table = Table("date", "to", "subject", "token")
    for letter in found:
        table.add_row(*(Text(cell) for cell in (letter.date, letter.to, letter.subject, letter.token or "")))
    Console().print(table)
