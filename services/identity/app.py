"""The composition root of identity."""

from services.identity.api_key import endpoints as api_key
from services.identity.api_key.uses import KEY_USES, note_key_uses
from services.identity.audit import endpoints as audit
from services.identity.base import IdentityTable
from services.identity.door import store as door
from services.identity.door.doorman import DOORMAN, run_doorman
from services.identity.mail.delivery import run_mailer
from services.identity.mail.use_cases import MAILER
from services.identity.membership import endpoints as membership
from services.identity.organization import endpoints as organization
from services.identity.provider import endpoints as provider
from services.identity.provider.settings import providers
from services.identity.second_factor import endpoints as second_factor
from services.identity.session import endpoints as session
from services.identity.settings import DoorSettings, rate_limit_factor
from services.identity.subscriber.door import EVENT_DOOR, keep_event_door
from services.identity.subscriptions import SUBSCRIPTIONS
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
        session.router,
        second_factor.router,
        provider.router,
        organization.entrance,
        membership.joining,
        organization.router,
        membership.router,
        api_key.router,
        audit.router,
    ),
    subscriptions=SUBSCRIPTIONS,
    workers={DOORMAN: run_doorman, MAILER: run_mailer, KEY_USES: note_key_uses, EVENT_DOOR: keep_event_door},
    settings=(rate_limit_factor, providers, DoorSettings.load),
    backlog=door.waiting,
)
