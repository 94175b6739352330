"""What a caller may do in one organization, from this service's own read models."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import LiteralString
from uuid import UUID

from sqlalchemy import ScalarSelect, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.identity import Role
from shared.kernel.errors import Forbidden, NotFound, Unauthorized
from shared.platform.auth.api_keys import PresentedKey
from shared.platform.auth.tokens import Claims
from shared.platform.db.driver import Rows, Statement
from shared.platform.db.platform_tables import ApiKeyRow, OrganizationRow
from shared.platform.tenancy.organizations import OrganizationView

READ, WRITE = "read", "write"

# Asked by every request: as a known text it is prepared once a connection and goes with the tenant's setting.
_MEMBERSHIP: LiteralString = """
SELECT m.version, m.role, m.active, m.venture_ids, m.tokens_valid_from,
    o.archived, o.id, o.name, o.slug, o.base_currency, o.time_zone, o.fiscal_year_start
FROM (SELECT %s::uuid AS organization_id, %s::uuid AS user_id) AS asked
LEFT JOIN platform.organizations AS o ON o.id = asked.organization_id
LEFT JOIN platform.memberships AS m USING (organization_id, user_id)
"""


class ScopeMissing(Forbidden):
    """The API key's role would allow it, its scopes do not."""

    code = "scope_missing"


@dataclass(frozen=True, slots=True)
class Rights:
    """A caller in an organization. ``venture_ids`` None: all ventures; ``scopes`` None: all that the role allows.

    ``organization`` is what this service knew of it when it looked, if anything.
    """

    user_id: UUID
    role: Role
    archived: bool = False
    venture_ids: frozenset[UUID] | None = None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    scopes: frozenset[str] | None = None
    organization: OrganizationView | None = None

    def demand(self, role: Role, scope: str) -> None:
        """Raise ``Forbidden`` unless role and scope suffice. ``<area>:write`` includes ``<area>:read``."""
        if not self.role.covers(role):
            raise Forbidden(f"This needs the role {role.value} or higher; yours is {self.role.value}.")
        area, _, what = scope.partition(":")
        given = self.scopes
        if given is not None and scope not in given and not (what == READ and f"{area}:{WRITE}" in given):
            raise ScopeMissing(f"This needs an API key with the scope {scope}.")


def rights_of_member(claims: Claims, organization_id: UUID) -> Statement[Rights]:
    """The rights of a token's user: the membership row overrules an older token; without a row the token counts.

    Sending it raises ``NotFound`` for who does not belong to the organization, or no more, and ``Unauthorized`` for
    who has ended all sessions since the token was issued.
    """
    return Statement(_MEMBERSHIP, (organization_id, claims.user_id), partial(_rights, claims, organization_id))


def _rights(claims: Claims, organization_id: UUID, rows: Rows) -> Rights:
    claimed = claims.memberships.get(organization_id)
    ((version, role, active, venture_ids, valid_from, archived, *organization),) = rows
    seen = OrganizationView(*organization) if organization[0] is not None else None
    if version is not None and valid_from is not None and claims.issued_at < valid_from.timestamp():
        raise Unauthorized("This session was ended; log in again.")
    if version is not None and (claimed is None or version >= claimed.version):
        if active:
            ventures = None if venture_ids is None else frozenset(UUID(venture) for venture in venture_ids)
            return Rights(claims.user_id, Role(role), bool(archived), ventures, claims.session_id, organization=seen)
    elif claimed is not None:
        return Rights(
            claims.user_id, claimed.role, bool(archived), claimed.venture_ids, claims.session_id, organization=seen
        )
    raise NotFound("There is no organization with this id.")


async def rights_of_key(session: AsyncSession, key: PresentedKey, organization_id: UUID, now: datetime) -> Rights:
    """The rights of an API key (a new one was waited for before: ``new_keys``).

    Raises:
        NotFound: The key belongs to another organization.
        Unauthorized: The key is not known, was revoked, or has expired.
    """
    wanted = select(ApiKeyRow, _archived(organization_id)).where(ApiKeyRow.id == key.id)
    found = (await session.execute(wanted)).one_or_none()
    if found is None:
        raise Unauthorized("The API key is not valid.")
    row, archived = found
    over = row.expires_at is not None and row.expires_at <= now
    if row.digest != key.digest or row.revoked or over:
        raise Unauthorized("The API key has expired." if over else "The API key is not valid.")
    if row.organization_id != organization_id:
        raise NotFound("There is no organization with this id.")
    return Rights(
        user_id=row.acts_for,
        role=Role(row.role),
        archived=bool(archived),
        api_key_id=row.id,
        scopes=None if row.scopes is None else frozenset(row.scopes),
    )


def _archived(organization_id: UUID) -> ScalarSelect[bool]:
    return select(OrganizationRow.archived).where(OrganizationRow.id == organization_id).scalar_subquery()
