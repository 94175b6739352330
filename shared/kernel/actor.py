"""Who does something."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, in which organization, and when."""

    organization_id: UUID
    user_id: UUID
    now: datetime
