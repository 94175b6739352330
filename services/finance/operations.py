"""What the operator's command may ask of finance."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Date, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import hold
from services.finance.metric.models import Metric
from services.finance.payment.rules import MoneyKind, MoneySum, by_month_and_currency
from services.finance.payment.store import entries
from services.finance.revenue import recompute as revenue
from services.finance.subscription import use_cases as subscription
from services.finance.subscription.models import SubscriptionSpan
from services.finance.terms import terms_of
from services.finance.venture.models import VentureView
from shared.kernel.currency import minor_to_decimal
from shared.platform.db.platform_tables import OrganizationRow
from shared.platform.tenancy.organizations import organizations_by_id

Figure = dict[str, str | None]


async def figures(session: AsyncSession) -> list[Figure]:
    """Every derived figure of finance by natural keys: metrics, MRR of subscriptions, money by month."""
    slugs = {row.id: row.slug for row in await session.scalars(select(OrganizationRow))}
    rows = await session.execute(select(VentureView.organization_id, VentureView.id, VentureView.name))
    names = {(organization_id, venture_id): name for organization_id, venture_id, name in rows}
    shown = [
        *await _metrics(session, slugs, names),
        *await _subscriptions(session, slugs, names),
        *await _money(session, slugs, names),
    ]
    return sorted(shown, key=lambda figure: [str(value) for value in figure.values()])


def _venture(names: dict[tuple[UUID, UUID], str], row: Any) -> str | None:
    return names.get((row.organization_id, row.venture_id)) if row.venture_id else None


async def _metrics(session: AsyncSession, slugs: dict[UUID, str], names: dict[tuple[UUID, UUID], str]) -> list[Figure]:
    holding = select(*Metric.__table__.c).where(Metric.withdrawn.is_(False))
    return [
        {
            "figure": "finance.metric",
            "organization": slugs.get(row.organization_id),
            "venture": _venture(names, row),
            "metric": row.metric,
            "observed_on": str(row.observed_on),
            "source": row.source,
            "value": f"{row.value:f}",
            "unconverted": " ".join(f"{currency}={amount}" for currency, amount in sorted(row.unconverted.items())),
            "policy_version": None if row.policy_version is None else str(row.policy_version),
        }
        for row in await session.execute(holding)
    ]


async def _subscriptions(
    session: AsyncSession, slugs: dict[UUID, str], names: dict[tuple[UUID, UUID], str]
) -> list[Figure]:
    return [
        {
            "figure": "finance.subscription_mrr",
            "organization": slugs.get(row.organization_id),
            "venture": _venture(names, row),
            "subscription": row.subscription_id,
            "day": str(row.day),
            "state": row.state,
            "currency": row.currency,
            "mrr": f"{row.mrr:f}",
        }
        for row in await session.execute(select(*SubscriptionSpan.__table__.c))
    ]


async def _money(session: AsyncSession, slugs: dict[UUID, str], names: dict[tuple[UUID, UUID], str]) -> list[Figure]:
    entry = entries().subquery()
    month = cast(func.date_trunc(literal("month"), entry.c.day), Date).label("month")
    group = (entry.c.organization_id, entry.c.venture_id, month, entry.c.currency, entry.c.kind)
    unlinked = func.coalesce(func.sum(entry.c.minor).filter(entry.c.account_id.is_(None)), 0).label("unlinked")
    statement = select(*group, func.sum(entry.c.minor).label("minor"), unlinked).group_by(*group)
    rows = (await session.execute(statement)).all()
    shown: list[Figure] = []
    for scope in sorted({(row.organization_id, row.venture_id) for row in rows}, key=str):
        mine = [row for row in rows if (row.organization_id, row.venture_id) == scope]
        for (day, currency), money in by_month_and_currency(_sums(mine)).items():
            parts = {
                "received": money.received,
                "refunded": money.refunded,
                "disputed": money.disputed,
                "net_unlinked": money.net_unlinked,
                "deposited": money.deposited,
            }
            shown += [
                {
                    "figure": "finance.money",
                    "organization": slugs.get(scope[0]),
                    "venture": _venture(names, mine[0]),
                    "month": f"{day:%Y-%m}",
                    "currency": currency,
                    "part": part,
                    "amount": f"{minor_to_decimal(minor, currency):f}",
                }
                for part, minor in parts.items()
            ]
    return shown


def _sums(rows: Sequence[Any]) -> list[MoneySum]:
    return [MoneySum(row.month, row.currency, MoneyKind(row.kind), int(row.minor), int(row.unlinked)) for row in rows]


async def recompute(session: AsyncSession, organization_id: UUID) -> int:
    """Derive everything of an organization again from its stored facts, by the same rules.

    Spans from changes, running revenue from all spans, metrics from revenue; what differs is written and
    announced. Returns how many rows moved; 0 when all were right.
    """
    await hold(session, organization_id)
    organizations = await organizations_by_id(session, [organization_id])
    if not organizations:
        return 0
    terms = await terms_of(session, organizations)
    moved = await subscription.recompute_spans(session, organization_id, terms)
    return moved + await revenue.recompute(session, organization_id, terms)
