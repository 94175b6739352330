"""What a killed supervisor left, and the list by which the next one finds it."""

import json
import signal
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from trueup.engines.processes import end_leftovers, write_private
from trueup.local import State, read_json

CLOCK_SLACK = timedelta(seconds=2)  # the kernel counts from boot, and the clock may have been set meanwhile
STEPS = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))


def describe(service: str, role: str, pid: int, port: int | None, replica: int) -> dict[str, Any] | None:
    """A line of the list; None if the process is gone already."""
    since = _since(pid)
    if since is None:
        return None
    return {"service": service, "role": role, "pid": pid, "port": port, "replica": replica, "since": since}


def write_list(state: State, lines: Iterable[dict[str, Any] | None]) -> None:
    """Keep the list of processes current."""
    write_private(state.processes_file, json.dumps([line for line in lines if line is not None], indent=2))


def running(state: State) -> list[dict[str, Any]]:
    """The listed processes that still run. A number that is used again has another start."""
    return [line for line in read_json(state.processes_file) or [] if _is_same(line["since"], _since(line["pid"]))]


def end_services(state: State) -> None:
    """End the services that an earlier supervisor left; engines are ended by those who start them."""
    left = []
    for line in running(state):
        if line["role"] not in ("engine", "supervisor"):
            try:
                left.append(psutil.Process(line["pid"]))
            except psutil.NoSuchProcess:
                continue
    end_leftovers(left, STEPS)
    for file in (state.processes_file, state.environment_file, state.ready_file):
        file.unlink(missing_ok=True)


def _is_same(listed: str, now: str | None) -> bool:
    if now is None:
        return False
    return abs(datetime.fromisoformat(listed) - datetime.fromisoformat(now)) < CLOCK_SLACK


def _since(pid: int) -> str | None:
    """When a living process was started."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return datetime.fromtimestamp(process.create_time(), UTC).isoformat(timespec="milliseconds")
    except psutil.Error:
        return None
