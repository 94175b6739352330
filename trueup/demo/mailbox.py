"""The local mailbox, as people read it: the token of a letter's link."""

import re
from email import message_from_bytes, policy
from pathlib import Path

VERIFY, ACCEPT = "verify-email", "accept-invitation"
"""Purposes of links."""
_LINK = re.compile(r"/([\w-]+)\?token=([\w.\-]+)")


class Mailbox:
    """The folder of letters. Each is read once, however many people look for theirs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[str] = set()
        self._newest: dict[tuple[str, str], tuple[str, str]] = {}

    def token(self, email: str, purpose: str) -> str | None:
        """The token of the newest letter to an address that has a link of that purpose, if there is one."""
        for file in self._folder.glob("*.eml"):
            if file.name not in self._read:
                self._take(file)
        found = self._newest.get((email.lower(), purpose))
        return found and found[1]

    def _take(self, file: Path) -> None:
        self._read.add(file.name)
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        for purpose, token in _LINK.findall(body.get_content()) if body else ():
            key = (str(message["To"]).lower(), purpose)
            # names sort by the time at which the letters were written
            self._newest[key] = max(self._newest.get(key, ("", "")), (file.name, token))
