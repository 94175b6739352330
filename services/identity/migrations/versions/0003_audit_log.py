"""audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("api_key_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("omitted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_audit_entries")),
        schema="owned",
    )
    op.create_index(
        "ix_audit_entries_at", "audit_entries", ["organization_id", "at", "id"], unique=False, schema="owned"
    )
    op.create_index(
        "ix_audit_entries_user",
        "audit_entries",
        ["organization_id", "user_id", "at", "id"],
        unique=False,
        schema="owned",
    )
    op.create_table(
        "audited_things",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "kind", "thing_id", "entry_id", name=op.f("pk_audited_things")),
        schema="owned",
    )
    op.add_column("door_requests", sa.Column("address", sa.Text(), nullable=False, server_default=""), schema="owned")
    op.alter_column("door_requests", "address", server_default=None, schema="owned")


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
