"""Reading organizations: their time zone, base currency and fiscal year decide most figures."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.errors import Unavailable
from shared.platform.db.driver import Statement, run
from shared.platform.db.waiting import eventually

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """What a service needs to know of an organization."""

    id: UUID
    name: str
    slug: str
    base_currency: str
    time_zone: str
    fiscal_year_start: int


def organizations_among(ids: Collection[UUID]) -> Statement[dict[UUID, OrganizationView]]:
    """The statement of ``organizations_by_id``, to be sent together with others."""
    return Statement(
        """
        SELECT id, name, slug, base_currency, time_zone, fiscal_year_start
        FROM platform.organizations WHERE id = ANY (%s::uuid[])
        """,
        (list(ids),),
        lambda rows: {row[0]: OrganizationView(*row) for row in rows},
    )


async def organizations_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, OrganizationView]:
    """The known ones among some organizations; an event may come before its organization."""
    return (await run(session, organizations_among(ids)))[0] if ids else {}


async def organization_of(session: AsyncSession, organization_id: UUID) -> OrganizationView:
    """One organization that is known to exist, for the caller proved to belong to it.

    A new one is waited for: identity's event is on its way, on a busy machine for longer than a moment.

    Raises:
        Unavailable: The event has not come in that time; the same request works when it has.
    """

    async def find() -> OrganizationView | None:
        return (await organizations_by_id(session, [organization_id])).get(organization_id)

    found = await eventually(find, PATIENCE_SECONDS)
    if found is None:
        raise Unavailable("The organization is new and its settings have not arrived here yet; try again in a moment.")
    return found
