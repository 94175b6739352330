"""PostgreSQL: tables, bulk writes, transactions at the edges, migrations."""
