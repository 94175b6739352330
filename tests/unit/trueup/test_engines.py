import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nats
import psutil
import psycopg
import pytest

from shared.contracts.topology import SERVICES_ACCOUNT
from trueup.engines import EngineError, NatsServer, NatsUser, PostgresServer
from trueup.engines.ports import choose_port, is_free
from trueup.engines.processes import is_gone, wait_until

USERS = (
    NatsUser("all", 'a "quoted" $password'),
    NatsUser("narrow", "n", {"publish": {"allow": ["mine.>"]}, "subscribe": {"allow": ["_INBOX.>"]}}),
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "a folder with spaces"


@pytest.fixture
def postgres(state: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(state / "postgres", port=choose_port())
    yield server
    server.destroy()


@pytest.fixture
def bus(state: Path) -> Iterator[NatsServer]:
    server = NatsServer(state / "nats", USERS, port=choose_port())
    yield server
    server.stop()


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def test_postgres_keeps_its_data_between_starts(postgres):
    with connect(postgres.start()) as connection:
        connection.execute("create table kept as select 'yes' as answer")
    port = postgres.port
    postgres.stop()
    assert is_free(port)
    with connect(postgres.start()) as connection:
        assert connection.execute("select answer from kept").fetchone() == ("yes",)
    assert postgres.port == port


def test_postgres_recovers_what_was_committed_before_it_was_killed(postgres):
    with connect(postgres.start()) as connection:
        connection.execute("create table kept as select 'yes' as answer")
        postgres.kill()
    with connect(postgres.start()) as connection:
        assert connection.execute("select answer from kept").fetchone() == ("yes",)


def test_postgres_is_durable_and_wants_the_password(postgres):
    url = postgres.start()
    with connect(url) as connection:
        settings = "select current_setting('fsync'), current_setting('max_connections'), uuidv7() is not null"
        assert connection.execute(settings).fetchone() == ("on", "200", True)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(f"postgresql://postgres:wrong@127.0.0.1:{postgres.port}/postgres")
    assert stat.S_IMODE((postgres.state_dir / "superuser-password").stat().st_mode) == 0o600


def test_postgres_may_be_told_to_skip_flushing(state):
    server = PostgresServer(state, port=choose_port(), durable=False, settings={"work_mem": "5MB"})
    try:
        with connect(server.start()) as connection:
            query = "select current_setting('fsync'), current_setting('work_mem')"
            assert connection.execute(query).fetchone() == ("off", "5MB")
    finally:
        server.destroy()


def test_engines_move_to_a_free_port_when_theirs_is_taken(postgres, bus, state):
    with socket.create_server(("127.0.0.1", choose_port())) as taken:
        port = taken.getsockname()[1]
        assert choose_port(port) != port
        with pytest.raises(EngineError, match=f"does not start on port {port}"):
            PostgresServer(postgres.state_dir, port=port).start()
        with pytest.raises(EngineError, match=f"does not start on port {port}"):
            NatsServer(bus.state_dir, USERS, port=port).start()


LEFT_BEHIND = """
import sys, time
from pathlib import Path
from trueup.engines import NatsServer, NatsUser, PostgresServer
together = len(sys.argv) > 5
postgres = PostgresServer(Path(sys.argv[1]), port=int(sys.argv[3]), ends_with_parent=together)
bus = NatsServer(Path(sys.argv[2]), [NatsUser("all", "x")], port=int(sys.argv[4]), ends_with_parent=together)
print(postgres.start(), bus.start(), postgres.pid, bus.pid, flush=True)
time.sleep(600)
"""


def test_a_start_ends_the_engines_that_a_killed_supervisor_left(postgres, bus):
    arguments = [postgres.state_dir, bus.state_dir, postgres.port, bus.port]
    supervisor = subprocess.Popen(
        [sys.executable, "-c", LEFT_BEHIND, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    url, _, *numbers = supervisor.stdout.readline().split()
    left = [psutil.Process(int(number)) for number in numbers]
    with connect(url) as connection:
        connection.execute("create table kept as select 'yes' as answer")
    supervisor.kill()
    supervisor.communicate()
    assert all(process.is_running() for process in left)

    with connect(postgres.start()) as connection:
        assert connection.execute("select answer from kept").fetchone() == ("yes",)
    bus.start()
    assert all(is_gone(process) for process in left)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
def test_engines_may_be_told_not_to_outlive_who_started_them(postgres, bus):
    arguments = [postgres.state_dir, bus.state_dir, postgres.port, bus.port, "together"]
    parent = subprocess.Popen(
        [sys.executable, "-c", LEFT_BEHIND, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    engines = [psutil.Process(int(number)) for number in parent.stdout.readline().split()[2:]]
    parent.kill()
    parent.communicate()
    assert wait_until(lambda: all(is_gone(engine) for engine in engines), 60)


def test_a_stale_pid_file_that_names_a_living_process_does_not_matter(postgres):
    postgres.start()
    with connect(postgres.url()) as connection:
        data = Path(connection.execute("select current_setting('data_directory')").fetchone()[0])
    postgres.kill()
    pid_file = data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data}\n1\n{postgres.port}\n", encoding="utf-8")
    postgres.start()


def test_a_postmaster_killed_by_force_leaves_nothing_that_stops_the_next(postgres):
    postgres.start()
    with connect(postgres.url()):
        os.kill(postgres.pid, signal.SIGKILL)
        postgres.kill()
    postgres.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data stand outside the state folder")
def test_a_state_folder_made_anew_starts_with_empty_data(postgres):
    with connect(postgres.start()) as connection:
        connection.execute("create table old ()")
    postgres.stop()
    for file in postgres.state_dir.iterdir():
        file.unlink()
    with connect(postgres.start()) as connection:
        assert connection.execute("select to_regclass('old')").fetchone() == (None,)


async def test_nats_keeps_its_streams_between_starts_and_after_a_kill(bus):
    for end in (bus.stop, bus.kill):
        url = bus.start()
        client = await nats.connect(url, user="all", password=USERS[0].password, allow_reconnect=False)
        stream = client.jetstream()
        await stream.add_stream(name="KEPT", subjects=["kept.>"])
        await stream.publish("kept.1", b"x")
        await client.close()
        end()
    client = await nats.connect(bus.start(), user="all", password=USERS[0].password, allow_reconnect=False)
    assert (await client.jetstream().stream_info("KEPT")).state.messages == 2
    await client.close()


async def test_streams_from_before_the_bus_had_accounts_are_the_services(state):
    def bus(**more):
        return NatsServer(state / "nats", more=more, port=choose_port())

    async def streams_after(server, work):
        server.start()
        client = await nats.connect(server.url, user="anna", password="secret")
        try:
            await work(client.jetstream())
            return [info.config.name for info in await client.jsm().streams_info()]
        finally:
            await client.close()
            server.stop()

    async def make(context):
        await context.add_stream(name="OLD", subjects=["old.>"])

    async def nothing(_context):
        pass

    anna = {"user": "anna", "password": "secret"}
    before = bus(authorization={"users": [anna]})
    assert await streams_after(before, make) == ["OLD"]
    with_accounts = {SERVICES_ACCOUNT: {"jetstream": "enabled", "users": [anna]}}
    assert await streams_after(bus(accounts=with_accounts, authorization={}), nothing) == ["OLD"]


async def test_nats_flushes_always_and_refuses_strangers_and_strange_subjects(bus):
    url = bus.start()
    assert '"sync_interval": "always"' in (bus.state_dir / "nats.conf").read_text(encoding="utf-8")
    assert stat.S_IMODE((bus.state_dir / "nats.conf").stat().st_mode) == 0o600

    async def quiet(error: Exception) -> None:
        refused.append(str(error))

    refused: list[str] = []
    assert "Authorization Violation" in answer_to(bus.port, {"user": "all", "pass": "wrong"})
    client = await nats.connect(url, user="narrow", password="n", allow_reconnect=False, error_cb=quiet)
    await client.publish("mine.1", b"x")
    await client.flush()
    assert refused == []
    await client.publish("theirs.1", b"x")
    await client.flush()
    await client.flush()
    assert "permissions violation" in refused[0].lower()
    await client.close()


def answer_to(port: int, login: dict[str, str]) -> str:
    """What the server says to a login, by its own protocol: the client leaves an open socket when refused."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection, connection.makefile("r") as lines:
        assert lines.readline().startswith("INFO")
        connection.sendall(f"CONNECT {json.dumps({**login, 'verbose': True})}\r\nPING\r\n".encode())
        return lines.readline()
