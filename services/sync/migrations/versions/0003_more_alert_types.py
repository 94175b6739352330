"""More alert types, and the forecast of TARGET_AT_RISK."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TYPES = (
    "MRR_BELOW_TARGET",
    "MRR_ABOVE_TARGET",
    "BURN_EXCEEDS_FORECAST",
    "CAC_ABOVE_PLAN",
    "LTV_BELOW_PLAN",
    "PAYBACK_ABOVE_PLAN",
    "CUSTOMERS_BELOW_TARGET",
    "RUNWAY_BELOW_PLAN",
    "RUNWAY_LOW",
    "TARGET_AT_RISK",
    "FIRST_METRIC",
    "MILESTONE_REACHED",
    "PROJECTION_OUTDATED",
    "PLAN_STALE",
)


def upgrade() -> None:
    op.add_column(
        "alerts",
        sa.Column("forecast", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="owned",
    )
    op.drop_constraint(op.f("ck_alerts_type"), "alerts", schema="owned", type_="check")
    op.create_check_constraint(
        op.f("ck_alerts_type"), "alerts", f"type IN ({', '.join(repr(kind) for kind in TYPES)})", schema="owned"
    )


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
