"""The newest actuals of ventures."""

from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable
from shared.platform.db.tables import Day, Figure, Id, TableKind, table_args


class VentureActual(PlansTable):
    """The newest-dated actual of one kind. ``recency`` grows with its day, and with its version within a day."""

    __tablename__ = "venture_actuals"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    observed_on: Mapped[Day]
    value: Mapped[Figure]
    recency: Mapped[int]
    withdrawn: Mapped[bool]
