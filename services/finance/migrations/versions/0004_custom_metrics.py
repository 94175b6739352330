"""Custom metrics: which plans define them, and their observations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "planned_metrics",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("venture_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "plan_id", name=op.f("pk_planned_metrics")),
        schema="model",
    )
    op.create_index(
        "ix_planned_metrics_defining",
        "planned_metrics",
        ["organization_id"],
        unique=False,
        schema="model",
        postgresql_where=sa.text("metrics <> '[]'"),
    )
    op.add_column("metrics", sa.Column("unit", sa.Text(), nullable=True), schema="owned")
    op.drop_constraint(op.f("ck_metrics_metric"), "metrics", schema="owned", type_="check")
    op.create_check_constraint(
        op.f("ck_metrics_metric"), "metrics", "metric ~ '^[a-z][a-z0-9_]{0,49}$'", schema="owned"
    )


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
