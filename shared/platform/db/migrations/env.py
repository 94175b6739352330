"""How Alembic reaches a database: the connection and its version table come from the caller."""

from alembic import context

arguments = context.config.attributes

context.configure(
    connection=arguments["connection"],
    target_metadata=arguments.get("metadata"),
    version_table=arguments["version_table"],
    version_table_schema="platform",
    include_schemas=True,
    include_name=arguments.get("include_name"),
    compare_type=True,
    transaction_per_migration=True,
    process_revision_directives=arguments.get("process_revision_directives"),
)
with context.begin_transaction():
    context.run_migrations()
