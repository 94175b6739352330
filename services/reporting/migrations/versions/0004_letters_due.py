"""Letters that are due are found without asking every organization."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letters_due",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters_due")),
        schema="owned",
    )
    op.create_index("ix_letters_due_due_at", "letters_due", ["due_at"], unique=False, schema="owned")
    op.execute(
        "INSERT INTO owned.letters_due (id, organization_id, due_at)"
        " SELECT id, organization_id, next_attempt_at FROM owned.report_letters WHERE state = 'waiting'"
    )
    # No release has had these yet.
    op.drop_index("ix_report_letters_due", "report_letters", schema="owned")
    op.drop_column("report_letters", "next_attempt_at", schema="owned")


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
