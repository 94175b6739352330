"""The composition root of identity."""

from services.identity.base import IdentityTable
from services.identity.mail.delivery import MAILER, run_mailer
from services.identity.membership import endpoints as membership
from services.identity.organization import endpoints as organization
from services.identity.token import endpoints as token
from services.identity.user import endpoints as user
from shared.platform.service import Service

SERVICE = Service(
    name="identity",
    title="Trueup identity: users, organizations and memberships",
    metadata=IdentityTable.metadata,
    routers=(
        token.router,
        user.router,
        organization.entrance,
        membership.joining,
        organization.router,
        membership.router,
    ),
    workers={MAILER: run_mailer},
)
