"""The databases' shape: tenancy, keys, rights. Whoever adds a table is checked without a new test."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from shared.contracts.topology import SERVICES
from shared.kernel.ids import new_id
from shared.platform.db import migrate, provision
from shared.platform.db.tables import TableKind
from tests.harness import databases

WITH_DATABASE = [service for service in SERVICES if service != "gateway"]
TABLES = [(service, table) for service in WITH_DATABASE for table in migrate.service_metadata(service).tables.values()]
NAMES = [f"{service}.{table.name}" for service, table in TABLES]
TENANT = [(service, table) for service, table in TABLES if table.info["global_reason"] is None]
TENANT_NAMES = [f"{service}.{table.name}" for service, table in TENANT]


@pytest.fixture(scope="module")
def names(postgres_url: str) -> Iterator[dict[str, str]]:
    made = {service: databases.clone(postgres_url, service) for service in WITH_DATABASE}
    yield made
    for name in made.values():
        databases.drop(postgres_url, name)


def connect(postgres_url: str, name: str, role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(databases.address(postgres_url, role, name), autocommit=True)


@pytest.mark.parametrize(("service", "table"), TABLES, ids=NAMES)
def test_every_table_says_what_it_is_and_lives_where_its_kind_lives(service: str, table: Any):
    kind = table.info["kind"]
    assert kind in TableKind
    assert table.schema == kind.schema


@pytest.mark.parametrize(("service", "table"), TENANT, ids=TENANT_NAMES)
def test_keys_of_tenant_tables_lead_with_the_organization(service: str, table: Any):
    assert next(iter(table.primary_key.columns)).name == "organization_id"
    unique = [index for index in table.indexes if index.unique]
    unique += [c for c in table.constraints if type(c).__name__ == "UniqueConstraint"]
    for key in unique:
        assert next(iter(key.columns)).name == "organization_id", key.name


@pytest.mark.parametrize(("service", "table"), TENANT, ids=TENANT_NAMES)
def test_without_an_organization_a_tenant_table_is_empty_and_takes_nothing(
    postgres_url: str, names: dict[str, str], service: str, table: Any
):
    with connect(postgres_url, names[service], provision.role_of(service)) as connection:
        full = f"{table.schema}.{table.name}"
        forced = connection.execute(
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [full]
        ).fetchone()
        assert forced == (True,)
        condition = connection.execute(
            "SELECT qual, with_check FROM pg_policies WHERE schemaname = %s AND tablename = %s",
            [table.schema, table.name],
        ).fetchall()
        assert len(condition) == 1
        assert condition[0][0] == condition[0][1]
        for organizations in ("", str(new_id())):
            connection.execute("SELECT set_config('app.organization_ids', %s, false)", [organizations])
            assert connection.execute(f"SELECT count(*) FROM {full}").fetchone() == (0,)


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_what_people_change_is_noted_in_every_owned_table_that_gives_no_reason(
    postgres_url: str, names: dict[str, str], service: str
):
    tables = [*migrate.service_metadata(service).tables.values(), *migrate.service_metadata("platform").tables.values()]
    audited = {f"{table.schema}.{table.name}" for table in tables if table.info["unaudited"] is None}
    with connect(postgres_url, names[service], provision.OPERATOR_ROLE) as connection:
        connection.execute("SET search_path = public")
        watched = connection.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'note_change' AND tgenabled = 'O'"
        ).fetchall()
    assert {row[0] for row in watched} == audited


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_the_database_has_no_table_that_is_not_declared(postgres_url: str, names: dict[str, str], service: str):
    """What a migration makes and no model names would be held to nothing here."""
    declared = {(table.schema, table.name) for of, table in TABLES if of == service}
    declared |= {(table.schema, table.name) for table in migrate.service_metadata("platform").tables.values()}
    with connect(postgres_url, names[service], "trueup_operator") as connection:
        found = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert set(found) - declared == {("platform", "platform_version"), ("platform", "service_version")}
    assert declared <= set(found)


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_a_service_role_owns_nothing_and_enters_only_its_own_database(
    postgres_url: str, names: dict[str, str], service: str
):
    role = provision.role_of(service)
    with connect(postgres_url, names[service], role) as connection:
        owned = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        ).fetchone()
        assert owned == (0,)
        flags = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert flags == (False, False, False, False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE owned.mine (a int)")
    other = next(name for name in WITH_DATABASE if name != service)
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        connect(postgres_url, names[other], role)


@pytest.mark.parametrize(("service", "table"), TABLES, ids=NAMES)
def test_nothing_owned_can_be_deleted_but_from_queues(
    postgres_url: str, names: dict[str, str], service: str, table: Any
):
    with connect(postgres_url, names[service], provision.role_of(service)) as connection:
        may = connection.execute(
            "SELECT has_table_privilege(current_user, %s, 'DELETE')", [f"{table.schema}.{table.name}"]
        ).fetchone()
    assert may == (table.info["deletable"],)


@pytest.mark.parametrize(("service", "table"), TABLES, ids=NAMES)
def test_what_is_appended_to_is_never_changed(postgres_url: str, names: dict[str, str], service: str, table: Any):
    with connect(postgres_url, names[service], provision.role_of(service)) as connection:
        may = connection.execute(
            "SELECT has_table_privilege(current_user, %s, 'UPDATE')", [f"{table.schema}.{table.name}"]
        ).fetchone()
    assert may == (not table.info["append_only"],)
