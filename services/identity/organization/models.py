"""Organizations."""

from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class Organization(IdentityTable):
    """The tenant. Its base currency never changes; the slug stays when the name changes."""

    __tablename__ = "organizations"
    __table_args__ = table_args(
        TableKind.OWNED,
        UniqueConstraint("name_key"),
        UniqueConstraint("slug"),
        CheckConstraint("fiscal_year_start BETWEEN 1 AND 12", name="fiscal_year_start"),
        CheckConstraint("version >= 1", name="version"),
        global_reason="it is the tenant itself, and its name is unique among all",
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    slug: Mapped[str]
    industry: Mapped[str | None]
    size: Mapped[str | None]
    founded_year: Mapped[int | None]
    website: Mapped[str | None]
    logo_url: Mapped[str | None]
    fiscal_year_start: Mapped[int]
    base_currency: Mapped[str]
    time_zone: Mapped[str]
    date_format: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    archived_at: Mapped[Instant | None]
