"""Scenarios, and the age of projections."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projections", sa.Column("scenario", sa.Text(), nullable=True), schema="owned")
    op.add_column(
        "projections", sa.Column("aged", sa.Boolean(), nullable=False, server_default=sa.false()), schema="owned"
    )
    op.alter_column("projections", "aged", server_default=None, schema="owned")
    op.drop_constraint(op.f("ck_projections_origin"), "projections", schema="owned", type_="check")
    op.create_check_constraint(
        op.f("ck_projections_origin"),
        "projections",
        "origin IN ('baseline', 'regenerated', 'auto', 'scenario')",
        schema="owned",
    )
    op.create_check_constraint(
        op.f("ck_projections_scenario"),
        "projections",
        "scenario IN ('conservative', 'base', 'aggressive', 'what_if') OR scenario IS NULL",
        schema="owned",
    )
    op.create_check_constraint(
        op.f("ck_projections_scenario_is_named"),
        "projections",
        "(origin = 'scenario') = (scenario IS NOT NULL)",
        schema="owned",
    )


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
