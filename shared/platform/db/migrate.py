"""Migrations: the platform's history first, then the service's own; then policies and grants.

Policies and grants are no migrations: they are derived from the catalogue each time, so that no table
can be forgotten.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, MetaData, create_engine, text

from shared.platform.db import changes
from shared.platform.db.tables import TableKind

_PLATFORM = "platform"
_SCHEMAS = ("owned", "model", "platform")


class UnprotectedTableError(RuntimeError):
    """A table has neither ``organization_id`` nor a reason to be global."""


def versions_folder(service: str) -> Path:
    """Where the migrations of a service (or of ``platform``) lie."""
    package = "shared.platform.db" if service == _PLATFORM else f"services.{service}"
    return Path(str(files(package))) / "migrations" / "versions"


def head(service: str) -> str | None:
    """The newest migration's revision, e.g. ``0003`` (the start of its file's name)."""
    revisions = sorted(path.name.partition("_")[0] for path in versions_folder(service).glob("[0-9]*.py"))
    return revisions[-1] if revisions else None


def service_metadata(service: str) -> MetaData:
    """The tables that a service declares."""
    if service == _PLATFORM:
        metadata: MetaData = import_module("shared.platform.db.platform_tables").PlatformTable.metadata
        return metadata
    declared: MetaData = import_module(f"services.{service}.app").SERVICE.metadata
    return declared


def sqlalchemy_url(url: str) -> str:
    """The same address for SQLAlchemy with psycopg."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def alembic_config(service: str, connection: Connection, **attributes: Any) -> Any:
    """Alembic's configuration for one history."""
    from alembic.config import Config  # noqa: PLC0415 - takes a second to import; only migrations need it

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions_folder(service)).replace("%", "%%"))
    version_table = "platform_version" if service == _PLATFORM else "service_version"
    config.attributes.update(connection=connection, version_table=version_table, **attributes)
    return config


@contextmanager
def operator_connection(operator_url: str) -> Iterator[Connection]:
    """A connection of the operator's role."""
    # Alembic compares by schema name, so none of ours may be the default one.
    engine = create_engine(sqlalchemy_url(operator_url), connect_args={"options": "-c search_path=public"})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def migrate(service: str, operator_url: str) -> None:
    """Bring a service's database to the newest schema and protect every table (idempotent)."""
    from alembic import command  # noqa: PLC0415 - see alembic_config

    with operator_connection(operator_url) as connection:
        for schema in _SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        connection.commit()
        for history in (_PLATFORM, service):
            if head(history) is not None:
                command.upgrade(alembic_config(history, connection), "head")
                connection.commit()
    protect(service, operator_url)


def protect(service: str, operator_url: str) -> None:
    """Apply tenant policies and grants to every table of a service's database."""
    tables = {
        (table.schema, table.name): table
        for metadata in (service_metadata(_PLATFORM), service_metadata(service))
        for table in metadata.tables.values()
    }
    role = sql.Identifier(f"trueup_{service}")
    with psycopg.connect(operator_url) as connection:
        changes.prepare(connection)
        for schema in _SCHEMAS:
            connection.execute(
                sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role),
            )
        connection.execute(sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA platform TO {}").format(role))
        for schema, name, has_tenant in _existing_tables(connection):
            declared = tables.get((schema, name))
            info = {} if declared is None else declared.info
            table = sql.Identifier(schema, name)
            if info.get("global_reason") is None and not has_tenant:
                raise UnprotectedTableError(f"{service}: {schema}.{name} has no organization_id and no global_reason")
            grant_rights(
                connection,
                service,
                table,
                deletable=bool(info.get("deletable")),
                append_only=bool(info.get("append_only")),
            )
            changes.watch(connection, table, declared)
            if info.get("global_reason") is None:
                set_tenant_policy(connection, table)
        connection.execute(
            sql.SQL("GRANT SELECT ON platform.platform_version, platform.service_version TO {}").format(role)
            if head(service)
            else sql.SQL("GRANT SELECT ON platform.platform_version TO {}").format(role)
        )


def _existing_tables(connection: psycopg.Connection[Any]) -> list[tuple[str, str, bool]]:
    """Every table (no partitions, no version tables) and whether it has ``organization_id``."""
    return connection.execute(
        """
        SELECT n.nspname, c.relname,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT IN ('platform_version', 'service_version')
        ORDER BY 1, 2
        """,
        [list(_SCHEMAS)],
    ).fetchall()


TENANT_CONDITION = (
    "organization_id = ANY ((SELECT string_to_array("
    "nullif(current_setting('app.organization_ids', true), ''), ',')::uuid[])::uuid[])"
)
"""One policy everywhere: a row is visible when its organization is among the transaction's."""

VENTURE_CONDITION = (
    "((SELECT nullif(current_setting('app.venture_ids', true), '')) IS NULL OR {} = ANY ((SELECT string_to_array("
    "nullif(current_setting('app.venture_ids', true), ''), ',')::uuid[])::uuid[]))"
)
"""And, of tables that know ventures, when the transaction is not limited to other ones (a membership may be).

A row without a venture belongs to the whole organization, and a limited member does not see it.
"""


def grant_rights(
    connection: psycopg.Connection[Any],
    service: str,
    table: sql.Composable,
    *,
    deletable: bool,
    append_only: bool = False,
) -> None:
    """Give a service's role what it may do with a table: nothing owned is ever deleted."""
    rights = "SELECT, INSERT, MAINTAIN" + ("" if append_only else ", UPDATE") + (", DELETE" if deletable else "")
    role = sql.Identifier(f"trueup_{service}")
    connection.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), table, role))


def set_tenant_policy(connection: psycopg.Connection[Any], table: sql.Composable) -> None:
    """Force row-level security on a table with the one policy."""
    condition: sql.Composable = sql.SQL(TENANT_CONDITION)
    venture = _venture_column(connection, table)
    if venture is not None:
        condition = condition + sql.SQL(" AND " + VENTURE_CONDITION).format(sql.Identifier(venture))
    for statement in (
        sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(table),
        sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(table),
        sql.SQL("DROP POLICY IF EXISTS tenant ON {}").format(table),
        sql.SQL("CREATE POLICY tenant ON {} USING ({}) WITH CHECK ({})").format(table, condition, condition),
    ):
        connection.execute(statement)


def _venture_column(connection: psycopg.Connection[Any], table: sql.Composable) -> str | None:
    """The column that says to which venture a row belongs: ``venture_id``, or the id of a ``ventures`` table."""
    found = connection.execute(
        """
        SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.oid = %s::regclass AND (a.attname = 'venture_id' OR c.relname = 'ventures' AND a.attname = 'id')
        ORDER BY a.attname DESC LIMIT 1
        """,
        [table.as_string(connection)],
    ).fetchone()
    return found and str(found[0])


def new_migration(service: str, message: str, operator_url: str) -> Path | None:
    """Write the migration that brings a migrated database to the declared tables; None if they agree."""
    from alembic import command  # noqa: PLC0415 - see alembic_config

    number = f"{int(head(service) or 0) + 1:04d}"
    versions_folder(service).mkdir(parents=True, exist_ok=True)

    def tidy(_context: Any, _revision: Any, directives: list[Any]) -> None:
        if directives[0].upgrade_ops.is_empty():
            directives.clear()
            return
        directives[0].downgrade_ops.ops.clear()
        for operation in directives[0].upgrade_ops.ops:
            if hasattr(operation, "info"):
                operation.info = {}

    with operator_connection(operator_url) as connection:
        config = alembic_config(
            service,
            connection,
            metadata=service_metadata(service),
            include_name=names_of(service),
            process_revision_directives=tidy,
        )
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        script = command.revision(
            config, message, autogenerate=True, rev_id=number, version_path=str(versions_folder(service))
        )
    return Path(script.path) if script and not isinstance(script, list) else None


def names_of(service: str) -> Any:
    """What autogenerate looks at: the schemas of this history, without partitions and version tables."""
    kinds = [TableKind.PLATFORM] if service == _PLATFORM else [TableKind.OWNED, TableKind.READ_MODEL]
    schemas = {kind.schema for kind in kinds}
    declared = {table.name for table in service_metadata(service).tables.values()}

    def include(name: str | None, kind: str, _parents: Any) -> bool:
        if kind == "schema":
            return name in schemas
        return not (kind == "table" and schemas == {"platform"} and name not in declared)

    return include
