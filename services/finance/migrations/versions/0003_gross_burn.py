"""Gross burn is observed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = (
    "mrr",
    "arr",
    "customers",
    "growth_rate",
    "cac",
    "ltv",
    "ltv_cac",
    "payback_months",
    "burn_rate",
    "gross_burn",
    "runway_months",
    "cash",
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_metrics_metric"), "metrics", schema="owned", type_="check")
    listed = ", ".join(repr(kind) for kind in KINDS)
    op.create_check_constraint(op.f("ck_metrics_metric"), "metrics", f"metric IN ({listed})", schema="owned")


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
