"""Errands that failed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "errands", sa.Column("again", sa.Boolean(), server_default=sa.false(), nullable=False), schema="owned"
    )


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
