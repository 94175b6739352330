"""Named points at which a process can be made to die, to stall or to fail: ``TRUEUP_FAILPOINT``.

``[service/]point:action[@n]``, e.g. ``relay.after_publish:kill`` or ``finance/consumer.before_commit:kill@3``.
Actions: ``kill`` (SIGKILL), ``sleep=SECONDS``, ``error``. It fires once, when the point is passed for the
n-th time (1). Points: ``relay.after_claim``, ``relay.after_publish``, ``relay.after_commit``,
``consumer.after_claim``, ``consumer.before_commit``, ``consumer.after_commit`` (before the ack),
``consumer.after_ack``, ``normaliser.after_claim``, ``normaliser.after_commit``, ``webhook.before_commit``,
``webhook.after_commit``; of the operator's command ``rebuild.before_takeover`` and ``rebuild.after_takeover``.
The supervisor restarts a service without it.
"""

import asyncio
import os
import signal

VARIABLE = "TRUEUP_FAILPOINT"


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


def arm(service: str) -> None:
    """Read ``TRUEUP_FAILPOINT`` for this process."""
    global _armed  # noqa: PLW0603 - one per process, set once at start
    text = os.environ.get(VARIABLE)
    _armed = _Armed(text, service) if text else None


async def failpoint(point: str) -> None:
    """Pass a named point: nothing happens unless it is armed."""
    global _armed
    if _armed is None or _armed.point != point:
        return
    _armed.remaining -= 1
    if _armed.remaining > 0:
        return
    action, _armed = _armed.action, None
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action.startswith("sleep="):
        await asyncio.sleep(float(action.removeprefix("sleep=")))
    else:
        raise FailpointError(f"failpoint {point}")
