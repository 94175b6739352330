"""Migrations: they bring a database to exactly the declared tables, and may be repeated."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from shared.contracts.topology import SERVICES
from shared.platform.db import migrate
from tests.harness import databases

WITH_DATABASE = [service for service in SERVICES if service != "gateway"]


@pytest.mark.parametrize("history", ["platform", *WITH_DATABASE])
def test_migrations_and_declared_tables_agree(postgres_url: str, history: str):
    service = "plans" if history == "platform" else history
    name = databases.clone(postgres_url, service)
    try:
        url = databases.address(postgres_url, "trueup_operator", name)
        with migrate.operator_connection(url) as connection:
            options = {
                "include_schemas": True,
                "include_name": migrate.names_of(history),
                "compare_type": True,
                "version_table_schema": "platform",
            }
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, migrate.service_metadata(history)) == []
    finally:
        databases.drop(postgres_url, name)


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_migrating_again_changes_nothing(postgres_url: str, service: str):
    name = databases.clone(postgres_url, service)
    try:
        migrate.migrate(service, databases.address(postgres_url, "trueup_operator", name))
    finally:
        databases.drop(postgres_url, name)


@pytest.mark.parametrize("history", ["platform", *WITH_DATABASE])
def test_revisions_are_numbered_without_a_gap(history: str):
    names = sorted(path.name for path in migrate.versions_folder(history).glob("[0-9]*.py"))
    assert names, "there is a first migration"
    assert [name[:4] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]
