"""Second factors and recovery codes."""

from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class SecondFactor(IdentityTable):
    """A user's TOTP secret, sealed. It counts once it was confirmed; ``last_step`` is the newest code's time step."""

    __tablename__ = "second_factors"
    __table_args__ = table_args(
        TableKind.OWNED, deletable=True, global_reason="it belongs to a user, who may have no organization"
    )

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    sealed_secret: Mapped[str]
    created_at: Mapped[Instant]
    confirmed_at: Mapped[Instant | None]
    last_step: Mapped[int] = mapped_column(info={"housekeeping": True})


class RecoveryCode(IdentityTable):
    """A code that stands in for the second factor once, as its hash."""

    __tablename__ = "recovery_codes"
    __table_args__ = table_args(
        TableKind.OWNED, deletable=True, global_reason="it belongs to a user, who may have no organization"
    )

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[Instant | None]
