"""Alerts of portfolios."""

from alembic import op

revision = "0007"
down_revision = "0006"
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
    "PORTFOLIO_UNBALANCED",
)
KINDS = ("notice", "letter", "webhook", "portfolio")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(repr(value) for value in values)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_alerts_type"), "alerts", schema="owned", type_="check")
    op.create_check_constraint(op.f("ck_alerts_type"), "alerts", f"type IN ({_listed(TYPES)})", schema="owned")
    op.drop_constraint(op.f("ck_errands_kind"), "errands", schema="owned", type_="check")
    op.create_check_constraint(op.f("ck_errands_kind"), "errands", f"kind IN ({_listed(KINDS)})", schema="owned")


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
