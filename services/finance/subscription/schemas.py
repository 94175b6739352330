"""Response bodies of subscriptions."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from services.finance.subscription.models import Subscription
from services.finance.subscription.rules import SubscriptionState
from shared.kernel.money import Amount, CurrencyCode
from shared.platform.http.bodies import Answer

NOTHING = Decimal("0.000000")


class SubscriptionOut(Answer):
    """A subscription, and what it counts for today.

    ``status`` is the provider's, ``state`` what it counts as. ``mrr`` is what it ends today with, in its
    own currency, by the metric policy; ``since`` the local day since which it is so. ``venture_id`` null:
    the money belongs to no single venture ("shared"). ``unresolved_discounts``: discounts of which the
    content is not known yet; MRR is shown without them.
    """

    connection_id: UUID
    subscription_id: str
    customer_id: str | None
    account_id: UUID | None
    venture_id: UUID | None
    status: str
    paused: bool
    state: SubscriptionState
    currency: CurrencyCode
    mrr: Amount
    since: date | None
    cancel_at_period_end: bool
    current_period_end: datetime | None
    trial_end: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    unresolved_discounts: list[str]
    changed_at: datetime


def shown(row: Subscription, since: date | None, state: str | None, mrr: Decimal | None) -> SubscriptionOut:
    """From a subscription and the span that holds today (none: it begins in the future)."""
    return SubscriptionOut.model_validate(
        {name: getattr(row, name) for name in SubscriptionOut.model_fields if hasattr(row, name)}
        | {
            "since": since,
            "state": state or SubscriptionState.NEVER_STARTED,
            "mrr": NOTHING if mrr is None else mrr,
            "changed_at": row.effective_at,
        }
    )
