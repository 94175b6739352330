import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from types import SimpleNamespace

import psutil
import pytest

from trueup.engines.ports import is_free
from trueup.local import LocalError, Secrets, State
from trueup.supervisor import Plan, Task, children, leftovers, parse_scale, workers
from trueup.supervisor.attention import Attention
from trueup.supervisor.environment import environment_of
from trueup.supervisor.plan import Replica
from trueup.supervisor.workers import Worker, end_all, start_due


def test_a_service_can_be_scaled_alone_and_with_all_others():
    assert parse_scale(["finance=3"]) == {"finance": 3}
    scale = parse_scale(["finance=3", "all=2"])
    assert (scale["finance"], scale["sync"], scale["gateway"]) == (3, 2, 2)


@pytest.mark.parametrize("text", ["finance", "finance=", "finance=0", "finance=21", "nobody=2", "=2", "all=x"])
def test_a_wrong_scale_is_refused(text):
    with pytest.raises(LocalError, match="--scale"):
        parse_scale([text])


def test_each_replica_has_its_own_free_port_and_others_know_all_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUEUP_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("TRUEUP_SYNC_DATABASE_URL", "another system's")
    monkeypatch.setenv("TRUEUP_FAILPOINT", "relay.after_publish:kill")
    replicas = Plan(("gateway", "sync"), {"sync": 2}).replicas()
    for replica in replicas:
        assert not is_free(replica.port)
        replica.listener.close()
    assert [replica.name for replica in replicas] == ["gateway", "sync", "sync-2"]
    assert len({replica.port for replica in replicas}) == 3
    state = State(tmp_path)
    found = environment_of(state, Secrets(state), 5433, "nats://127.0.0.1:4223", replicas)
    assert found["TRUEUP_SYNC_URL"] == f"{replicas[1].url},{replicas[2].url}"
    assert found["TRUEUP_SYNC_DATABASE_URL"].startswith("postgresql://trueup_sync:")
    assert found["TRUEUP_SYNC_DATABASE_URL"].endswith("@127.0.0.1:5433/trueup_sync")
    assert found["TRUEUP_SYNC_OPERATOR_URL"].startswith("postgresql://trueup_operator:")
    assert found["TRUEUP_READER_NATS_USER"] == "reader"
    assert found["TRUEUP_LOG_LEVEL"] == "DEBUG"
    assert "TRUEUP_GATEWAY_DATABASE_URL" not in found
    assert "TRUEUP_FAILPOINT" not in found


def test_a_taken_port_is_not_chosen():
    with Replica.claim("plans", 1).listener as first, Replica.claim("plans", 1).listener as second:
        assert first.getsockname() != second.getsockname()


# --- children --------------------------------------------------------------------------------------------------------


def say(text: str) -> int:
    sys.stdout.write(f"{text} {os.environ.get('GIVEN')} {os.getpid()}\n")
    return 3


def fail() -> None:
    raise ValueError("broken on purpose")


def wait_for_ever(*_arguments: str) -> None:
    sys.stdout.write("started\n")
    time.sleep(600)


def ignore_term() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait_for_ever()


def run_to_end(child, timeout=60):
    deadline = time.monotonic() + timeout
    while child.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return child.poll()


@pytest.fixture(params=[True, False], ids=["forked", "spawned"])
def can_fork(request, monkeypatch):
    monkeypatch.setattr(children, "CAN_FORK", request.param)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return request.param


def started(function, log, *arguments, environment=()):
    environment = {**os.environ, "GIVEN": "given", **dict(environment)}
    return children.start(Task(__name__, function, arguments), "trueup:test", environment, log=log)


def test_a_child_runs_its_task_with_its_environment_into_its_log(can_fork, tmp_path):
    child = started("say", tmp_path / "log", "hello")
    assert run_to_end(child) == 3
    assert (tmp_path / "log").read_text(encoding="utf-8") == f"hello given {child.pid}\n"


def test_a_failing_task_leaves_its_trace_in_the_log(can_fork, tmp_path):
    assert run_to_end(started("fail", tmp_path / "log")) == children.CRASHED
    assert "ValueError: broken on purpose" in (tmp_path / "log").read_text(encoding="utf-8")


def test_all_children_end_together_and_a_deaf_one_by_force(tmp_path, monkeypatch):
    monkeypatch.setattr("trueup.supervisor.workers.END_TIMEOUT_S", 3.0)
    running = [started(name, tmp_path / name) for name in ("wait_for_ever", "ignore_term")]
    for name in ("wait_for_ever", "ignore_term"):
        _await_text(tmp_path / name, "started")
    end_all(running)
    assert [child.poll() for child in running] == [-signal.SIGTERM, -signal.SIGKILL]


def _await_text(path, text, timeout=60):
    deadline = time.monotonic() + timeout
    while not path.exists() or text not in path.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


PARENT = """
import os, time
import signal
from trueup.engines.processes import end_with_parent
parent = os.getpid()
pid = os.fork()
if pid == 0:
    end_with_parent(parent, signal.SIGTERM)
    time.sleep(600)
print(pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
def test_a_forked_child_does_not_outlive_its_parent():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    time.sleep(0.1)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 60
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- workers ---------------------------------------------------------------------------------------------------------


def test_a_worker_that_dies_is_started_again_with_growing_delays(tmp_path, monkeypatch):
    lives = []

    class Dead:
        pid = 1

        def poll(self):
            return 1

    def start(_task, _name, environment, *, log, close, keep):
        assert environment["TRUEUP_LISTEN_FD"] == str(keep[0])
        lives.append(environment.get("TRUEUP_FAILPOINT"))
        return Dead()

    monkeypatch.setattr(children, "start", start)
    monkeypatch.setattr(workers, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    replica = Replica.claim("sync", 1)
    worker = Worker(replica, tmp_path / "log")
    delays = []
    for _ in range(8):
        worker.again_at = 0
        assert start_due([worker], {"TRUEUP_FAILPOINT": "relay.after_publish:kill"}, ()) == [worker]
        assert worker.notice_end()
        delays.append(round(worker.again_at - 1000, 1))
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert worker.fails_to_start
    assert lives == ["relay.after_publish:kill", *[None] * 7]
    assert start_due([worker], {}, ()) == []  # not due yet
    replica.listener.close()


# --- attention and leftovers -----------------------------------------------------------------------------------------


def test_a_stop_signal_wakes_the_loop_and_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with Attention() as attention:
        assert attention.stop is None
        os.kill(os.getpid(), signal.SIGTERM)
        begun = time.monotonic()
        attention.wait(100)
        assert time.monotonic() - begun < 90
        assert attention.stop == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_listed_process_counts_only_while_it_is_the_same(tmp_path):
    state = State(tmp_path)
    state.sub("run")
    mine = leftovers.describe("sync", "all", os.getpid(), 8004, 1)
    reused = {**mine, "since": datetime.fromtimestamp(0).astimezone().isoformat()}
    leftovers.write_list(state, [mine, reused, leftovers.describe("sync", "all", 2**22 + 1, 1, 1)])
    assert leftovers.running(state) == [mine]
    assert set(mine) == {"service", "role", "pid", "port", "replica", "since"}


def test_services_that_a_killed_supervisor_left_are_ended(tmp_path):
    state = State(tmp_path)
    state.sub("run")
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    lines = [leftovers.describe("sync", "all", left.pid, 1, 1), leftovers.describe("nats", "engine", engine.pid, 1, 1)]
    leftovers.write_list(state, lines)
    assert json.loads(state.processes_file.read_text(encoding="utf-8"))[0]["pid"] == left.pid
    leftovers.end_services(state)
    assert left.wait(60) == -signal.SIGTERM
    assert engine.poll() is None  # its own start ends it
    engine.kill()
    engine.wait()
    assert not state.processes_file.exists()
