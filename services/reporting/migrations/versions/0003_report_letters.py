"""Letters that carry a report, and reports that a job made."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("reports", "created_by", existing_type=sa.Uuid(), nullable=True, schema="owned")
    op.create_table(
        "report_letters",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'given_up')", name=op.f("ck_report_letters_state")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_report_letters")),
        schema="owned",
    )
    op.create_index(
        "ix_report_letters_due",
        "report_letters",
        ["organization_id", "next_attempt_at"],
        unique=False,
        schema="owned",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_report_letters_slot",
        "report_letters",
        ["organization_id", "slot", "user_id"],
        unique=True,
        schema="owned",
    )


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
