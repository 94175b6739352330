"""Identity in full: sessions, limits at the door, new passwords, second factors, API keys, other providers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'member', 'viewer')", name=op.f("ck_api_keys_role")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_api_keys_version")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_api_keys")),
        schema="owned",
    )
    op.create_index(
        "ix_api_keys_created", "api_keys", ["organization_id", "created_at", "id"], unique=False, schema="owned"
    )
    op.create_table(
        "door_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('register', 'resend_verification', 'reset_password')", name=op.f("ck_door_requests_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_requests")),
        schema="owned",
    )
    op.create_index("ix_door_requests_created", "door_requests", ["created_at"], unique=False, schema="owned")
    op.create_table(
        "password_resets",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_password_resets")),
        schema="owned",
    )
    op.create_index(
        "ix_password_resets_user", "password_resets", ["user_id", "created_at"], unique=False, schema="owned"
    )
    op.create_table(
        "provider_accounts",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_provider_accounts")),
        schema="owned",
    )
    op.create_index("ix_provider_accounts_user", "provider_accounts", ["user_id"], unique=False, schema="owned")
    op.create_table(
        "provider_logins",
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("sealed_verifier", sa.Text(), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_provider_logins")),
        schema="owned",
    )
    op.create_index("ix_provider_logins_expires", "provider_logins", ["expires_at"], unique=False, schema="owned")
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
        schema="owned",
    )
    op.create_table(
        "request_counts",
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scope IN ('account_address', 'account', 'address')", name=op.f("ck_request_counts_scope")),
        sa.PrimaryKeyConstraint("operation", "scope", "subject", name=op.f("pk_request_counts")),
        schema="owned",
    )
    op.create_index("ix_request_counts_since", "request_counts", ["since"], unique=False, schema="owned")
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
        schema="owned",
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint("method IN ('password', 'provider')", name=op.f("ck_sessions_method")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        schema="owned",
    )
    op.create_index("ix_sessions_user", "sessions", ["user_id", "started_at"], unique=False, schema="owned")
    op.add_column(
        "invitations", sa.Column("venture_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="owned"
    )
    op.add_column(
        "memberships", sa.Column("venture_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="owned"
    )
    op.add_column(
        "memberships", sa.Column("tokens_valid_from", sa.DateTime(timezone=True), nullable=True), schema="owned"
    )
    op.add_column("signing_keys", sa.Column("signs_from", sa.DateTime(timezone=True), nullable=True), schema="owned")
    op.execute("UPDATE owned.signing_keys SET signs_from = created_at")
    op.alter_column("signing_keys", "signs_from", nullable=False, schema="owned")
    # Every login until now was by password, and is a session that lives as long as its newest refresh token.
    op.execute(
        """
        INSERT INTO owned.sessions (id, user_id, method, address, user_agent, started_at, last_used_at, expires_at,
                                    ended_at, ended_because)
        SELECT family_id, (array_agg(user_id))[1], 'password', '', '', min(created_at), max(created_at),
               max(expires_at), max(revoked_at), CASE WHEN max(revoked_at) IS NOT NULL THEN 'logout' END
        FROM owned.refresh_tokens GROUP BY family_id
        """
    )


def downgrade() -> None:
    raise NotImplementedError("Trueup migrates forward only; restore a backup to go back")
