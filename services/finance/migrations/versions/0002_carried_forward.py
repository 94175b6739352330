"""Metrics that were carried forward."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("metrics", sa.Column("carried_from", sa.Date(), nullable=True), schema="owned")


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
