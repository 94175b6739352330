"""Named points at which a process can be made to die, to stall or to fail: ``TRUEUP_FAILPOINT``.

``[service/]point:action[@n]``, e.g. ``relay.after_publish:kill`` or ``finance/consumer.before_commit:kill@3``.
Actions: ``kill`` (SIGKILL), ``sleep=SECONDS``, ``error``. It fires once, when the point is passed for the
n-th time (1). The points are ``POINTS``. The supervisor restarts a service without it.

Where ``TRUEUP_FAILPOINT_DIR`` names a folder, points are armed at run time as well: whoever puts an action into the
file ``<service>@<point>`` (see ``drop``) makes the next process of that service that passes the point carry it out.
"""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

VARIABLE = "TRUEUP_FAILPOINT"
FOLDER_VARIABLE = "TRUEUP_FAILPOINT_DIR"
POINTS = (
    *("relay.after_claim", "relay.after_publish", "relay.after_commit"),
    # after_commit: before the ack
    *("consumer.after_claim", "consumer.before_commit", "consumer.after_commit", "consumer.after_ack"),
    # ingestion's
    *("normaliser.after_claim", "normaliser.after_commit", "webhook.before_commit", "webhook.after_commit"),
    # of those who have jobs, and who write to members
    *("jobs.before_commit", "mailer.after_send"),
    # sync's
    *("notifier.before_commit", "webhooks.after_post"),
    # the operator's command's
    *("rebuild.before_takeover", "rebuild.after_takeover"),
)
"""Every point that the code passes."""


class FailpointError(RuntimeError):
    """The failure that was asked for."""


class _Armed:
    def __init__(self, text: str, service: str) -> None:
        where, _, action = text.partition(":")
        scope, slash, point = where.rpartition("/")
        self.point = point if not slash or scope == service else ""
        self.action, _, count = action.partition("@")
        self.remaining = int(count or 1)


_armed: _Armed | None = None
_dropped_at: tuple[Path, str] | None = None


def arm(service: str) -> None:
    """Read ``TRUEUP_FAILPOINT`` and ``TRUEUP_FAILPOINT_DIR`` for this process."""
    global _armed, _dropped_at  # noqa: PLW0603 - one per process, set once at start
    text, folder = os.environ.get(VARIABLE), os.environ.get(FOLDER_VARIABLE)
    _armed = _Armed(text, service) if text else None
    _dropped_at = (Path(folder), service) if folder else None


def drop(folder: Path, service: str, point: str, action: str) -> None:
    """Arm a point of a running service, for the first of its processes that passes it."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{service}@{point}"
    fresh.write_text(action, encoding="ascii")
    fresh.rename(folder / f"{service}@{point}")


async def failpoint(point: str) -> None:
    """Pass a named point: nothing happens unless it is armed."""
    global _armed
    if _dropped_at is not None:
        await _carry_out(_taken(*_dropped_at, point), point)
    if _armed is None or _armed.point != point:
        return
    _armed.remaining -= 1
    if _armed.remaining > 0:
        return
    action, _armed = _armed.action, None
    await _carry_out(action, point)


def _taken(folder: Path, service: str, point: str) -> str:
    """The action that was dropped for this point, taken away from all other processes; empty if there is none."""
    file, mine = folder / f"{service}@{point}", folder / f".{service}@{point}.{os.getpid()}"
    with suppress(FileNotFoundError):
        file.rename(mine)
        action = mine.read_text(encoding="ascii")
        mine.unlink()
        return action
    return ""


async def _carry_out(action: str, point: str) -> None:
    if not action:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action.startswith("sleep="):
        await asyncio.sleep(float(action.removeprefix("sleep=")))
    else:
        raise FailpointError(f"failpoint {point}")
