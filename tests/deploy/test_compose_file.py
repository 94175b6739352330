"""What docker-compose.yml promises, without an engine."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from shared.contracts.topology import SERVICES, nats_users
from shared.platform.settings import Settings
from tests.deploy.compose import COMPOSE_FILE, ROOT, compose_command
from trueup.contract.bus_server import ISSUER_VARIABLE, password_variable
from trueup.databases import services_with_database
from trueup.engines import postgres

TEXT = COMPOSE_FILE.read_text(encoding="utf8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
CONTAINERS: dict[str, dict[str, Any]] = FILE["services"]
ONE_SHOT = {"migrate", "trueup"}
WITHOUT_SHELL = {"jaeger"}  # its image has no program that could ask
REFERENCE = re.compile(r"\$\{([A-Z_]+)(?::?([-?])([^}]*))?\}")
OWN_SECRETS = re.compile(
    r"\$\{(TRUEUP_[A-Z]+_(?:NATS|DATABASE)_PASSWORD|TRUEUP_POSTGRES_PASSWORD|TRUEUP_SUBSCRIBER_ISSUER_SEED)"
)

# Of the many keys that Compose v2 has by now, those that we use and that docker-compose 1.29 was seen to take.
KNOWN_AT_THE_TOP = {"services", "volumes"}
KNOWN_IN_A_SERVICE = {
    "cap_drop",
    "command",
    "depends_on",
    "environment",
    "healthcheck",
    "image",
    "init",
    "logging",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "volumes",
}
KNOWN_IN_A_HEALTH_CHECK = {"disable", "interval", "retries", "start_period", "test", "timeout"}


def test_every_service_is_there_and_runs_itself():
    for service in SERVICES:
        assert CONTAINERS[service]["command"] == ["run", service]
        assert CONTAINERS[service]["image"] == "${TRUEUP_IMAGE:-trueup:local}"
    profiles = {name for name, container in CONTAINERS.items() if "profiles" in container}
    assert set(CONTAINERS) - profiles == {*SERVICES, "postgres", "nats", "migrate"}


def test_nothing_stops_a_service_from_having_replicas():
    for service in SERVICES:
        assert "container_name" not in CONTAINERS[service]
        assert "hostname" not in CONTAINERS[service]
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}
    assert published.pop("gateway") == ["127.0.0.1:${TRUEUP_PORT:-8000}:8000"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert set(published) <= {"jaeger", "prometheus"}


def test_everything_that_stays_says_how_it_is():
    for name, container in CONTAINERS.items():
        if name in ONE_SHOT:
            assert container["healthcheck"] == {"disable": True}
        elif name not in WITHOUT_SHELL:
            assert container["healthcheck"]["test"]
            assert container["restart"] == "unless-stopped"


def test_migrations_come_after_the_engines_and_before_the_services():
    ready = {"condition": "service_healthy"}
    assert CONTAINERS["migrate"]["depends_on"] == {"postgres": ready, "nats": ready}
    assert CONTAINERS["migrate"]["command"] == ["migrate", "--create"]
    for service in SERVICES:
        assert CONTAINERS[service]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_a_container_of_ours_can_do_no_more_than_it_needs():
    for name in (*SERVICES, *ONE_SHOT):
        assert CONTAINERS[name]["read_only"] is True
        assert CONTAINERS[name]["cap_drop"] == ["ALL"]
        assert CONTAINERS[name]["security_opt"] == ["no-new-privileges:true"]
        assert "user" not in CONTAINERS[name], "the image's own"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_every_setting_it_needs_and_no_secret_of_another(service: str, monkeypatch: pytest.MonkeyPatch):
    environment = CONTAINERS[service]["environment"]
    for name, value in environment.items():
        monkeypatch.setenv(name, REFERENCE.sub(lambda found: found.group(3) if found.group(2) == "-" else "x", value))
    Settings.load(service)

    secrets = {match for value in environment.values() for match in OWN_SECRETS.findall(str(value))}
    own = {f"TRUEUP_{service.upper()}_NATS_PASSWORD"}
    if service == "identity":
        own |= {"TRUEUP_DOORKEEPER_NATS_PASSWORD", "TRUEUP_SUBSCRIBER_ISSUER_SEED"}
    assert secrets == (own | {f"TRUEUP_{service.upper()}_DATABASE_PASSWORD"} if service != "gateway" else own)


def test_the_operator_has_every_database():
    for name in ONE_SHOT:
        environment = CONTAINERS[name]["environment"]
        for service in services_with_database():
            assert f"/trueup_{service}" in environment[f"TRUEUP_{service.upper()}_OPERATOR_URL"]
            assert f"/trueup_{service}" in environment[f"TRUEUP_{service.upper()}_DATABASE_URL"]


def test_the_bus_gets_every_password_in_quotes():
    wanted = {password_variable(user.name) for user in nats_users()} | {ISSUER_VARIABLE}
    environment = CONTAINERS["nats"]["environment"]
    assert set(environment) == wanted
    assert all(value.startswith('"${') and value.endswith('}"') for value in environment.values())


def test_no_secret_is_written_down():
    written = [(name, str(value)) for it in CONTAINERS.values() for name, value in it.get("environment", {}).items()]
    secrets = [(name, value) for name, value in written if name.endswith(("PASSWORD", "KEY", "SEED"))]
    assert len(secrets) > len(SERVICES)
    for name, value in secrets:
        assert REFERENCE.fullmatch(value.strip('"')), name
    for name, value in written:
        assert not re.search(r"://\w+:(?!\$\{|\d+)", value), f"{name}: an address with a password"


def test_postgres_is_set_as_the_embedded_one():
    given = dict(argument.removeprefix("--").split("=", 1) for argument in CONTAINERS["postgres"]["command"][1:])
    local_only = {"listen_addresses", "unix_socket_directories", "log_line_prefix"}
    assert given == {name: value for name, value in postgres.SETTINGS.items() if name not in local_only}


def test_an_older_compose_knows_every_key():
    top = {key for key in FILE if not key.startswith("x-")}
    assert top <= KNOWN_AT_THE_TOP
    for name, container in CONTAINERS.items():
        assert set(container) <= KNOWN_IN_A_SERVICE, name
        assert set(container.get("healthcheck", {})) <= KNOWN_IN_A_HEALTH_CHECK, name
        assert container.get("restart", "no") in ("no", "unless-stopped"), "a bare no is false"
    nested = re.search(r"\$\{[^}]*\$\{", TEXT)
    assert nested is None, "variables inside of defaults are unknown to it"


def test_telemetry_asks_every_service():
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf8"))
    [found] = prometheus["scrape_configs"][0]["dns_sd_configs"]
    assert sorted(found["names"]) == sorted(SERVICES)
    assert {name for name, it in CONTAINERS.items() if it.get("profiles") == ["telemetry"]} == {"jaeger", "prometheus"}


def test_every_mounted_file_is_there():
    mounted = [volume.split(":")[0] for it in CONTAINERS.values() for volume in it.get("volumes", [])]
    for path in [name for name in mounted if name.startswith("./")]:
        assert (ROOT / path).is_file(), path
    assert {name for name in mounted if not name.startswith("./")} == set(FILE["volumes"])


@pytest.mark.skipif(compose_command() is None, reason="no Compose here: the file was NOT loaded by it")
@pytest.mark.parametrize("profile", ["", "telemetry", "operator"])
def test_compose_takes_the_file(profile: str, tmp_path: Any):
    command = compose_command()
    assert command is not None
    env_file = tmp_path / "env"
    subprocess.run(["sh", str(ROOT / "scripts/env.sh"), str(env_file)], check=True, capture_output=True)
    options = ["--env-file", str(env_file), *(["--profile", profile] if profile else [])]
    done = subprocess.run(
        [*command, *options, "-f", str(COMPOSE_FILE), "config", "-q"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_opens_the_bus_to_subscribers():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf8")
    (override,) = re.findall(r"```yaml\n# docker-compose.override.yml\n(.*?)```", page, re.DOTALL)
    opened = yaml.safe_load(override)["services"]
    assert opened.keys() <= CONTAINERS.keys()
    (port,) = opened["nats"]["ports"]
    assert "ports" not in CONTAINERS["nats"], "nothing but the gateway is published by itself"
    address, _outside, inside = port.split(":")
    assert address not in {"", "0.0.0.0"}
    assert f"nats:{inside}" in TEXT
