"""What the demo remembers between runs: who, with which passwords, and when its story was told.

Kept in ``var/demo/story.json`` (readable by its owner only), so that an interrupted run goes on where it stopped
and a second one finds its organization again.
"""

import json
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shared.kernel import clock
from trueup.demo.company import TIME_ZONE
from trueup.demo.door import Person
from trueup.engines.processes import write_private
from trueup.local import read_json

PEOPLE = {
    "admin": ("aina", "Aina", "Rahman"),
    "viewer": ("marcus", "Marcus", "Lim"),
    "other": ("dayang", "Dayang", "Usop"),
}


@dataclass
class Story:
    """One telling of the demo. ``tag`` keeps names apart from an earlier telling's."""

    file: Path
    now: datetime
    tag: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    webhook_secrets: dict[str, str] = field(default_factory=dict)
    loaded: bool = False
    events: int = 0

    @classmethod
    def open(cls, folder: Path, *, fresh: bool) -> "Story":
        """The story that was begun here, else a new one; ``fresh``: a new one beside all earlier ones."""
        file = folder / "story.json"
        known = read_json(file)
        if known and not fresh:
            return cls(file, datetime.fromisoformat(known.pop("now")), **known)
        now = clock.now().replace(microsecond=0)
        story = cls(file, now, f"{now:%m%d%H%M%S}" if fresh else "")
        story.passwords = {who: secrets.token_urlsafe(12) for who in PEOPLE}
        story.webhook_secrets = {name: f"whsec_{secrets.token_hex(24)}" for name in ("older", "newer", "other")}
        story.save()
        return story

    def save(self) -> None:
        """Remember it."""
        known: dict[str, Any] = {
            "now": self.now.isoformat(),
            "tag": self.tag,
            "passwords": self.passwords,
            "webhook_secrets": self.webhook_secrets,
            "loaded": self.loaded,
            "events": self.events,
        }
        write_private(self.file, json.dumps(known, indent=2))

    @property
    def today(self) -> date:
        """The organization's day on which the story was told."""
        return self.now.astimezone(ZoneInfo(TIME_ZONE)).date()

    def name(self, name: str) -> str:
        """A name that is unique in the system, of this telling."""
        return f"{name} {self.tag}".strip()

    def person(self, who: str) -> Person:
        """One of the people of the story."""
        local, first, last = PEOPLE[who]
        domain = "borneolabs.example" if who == "other" else "nusantara.example"
        address = f"{local}+{self.tag}@{domain}" if self.tag else f"{local}@{domain}"
        return Person(address, self.passwords[who], first, last)
