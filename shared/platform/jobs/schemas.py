"""Jobs and their runs over HTTP."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.platform.db.platform_tables import JobRunRow
from shared.platform.http.bodies import Answer, Body

RunState = Literal["waiting", "running", "done", "failed", "skipped"]


class JobOut(Answer):
    """A job of the service; ``newest_slot`` is the local day of the last run that was due."""

    name: str
    about: str
    schedule: str
    newest_slot: date


class JobsOut(Answer):
    """All jobs of the service."""

    items: list[JobOut]


class RunBody(Body):
    """For which slot (the newest if not given), and whether it only says what it would do."""

    slot: date | None = None
    dry_run: bool = False


class JobRunOut(Answer):
    """A run: for which local day, how it went, what it did (a dry run: what it would have done)."""

    id: UUID
    job: str
    slot: date
    scheduled: bool
    dry_run: bool
    state: RunState
    attempts: int
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: dict[str, int]
    error: str | None
    started_by: UUID | None

    @classmethod
    def of(cls, row: JobRunRow) -> "JobRunOut":
        """From a stored run."""
        return cls.model_validate(row)
