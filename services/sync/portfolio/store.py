"""SQL of portfolios."""

from uuid import UUID

from services.sync.alert.rules import Holding
from services.sync.hot import Reading
from shared.contracts.sync import AlertType


def holdings_of(organization_id: UUID) -> Reading[list[Holding]]:
    """The newest MRR of each venture of an organization that is not archived."""
    return Reading(
        """
        SELECT c.venture_id, c.observed_on, c.actual
        FROM variances c
        LEFT JOIN ventures v ON v.organization_id = c.organization_id AND v.id = c.venture_id
        WHERE c.organization_id = %s AND c.metric = 'mrr' AND c.current AND v.archived_at IS NULL
        """,
        (organization_id,),
        lambda rows: [Holding(*row) for row in rows],
    )


def told_of(organization_id: UUID) -> Reading[set[UUID]]:
    """The ventures of which an open alert says that the portfolio rests on them."""
    return Reading(
        "SELECT venture_id FROM alerts WHERE organization_id = %s AND type = %s AND status = 'open'",
        (organization_id, AlertType.PORTFOLIO_UNBALANCED.value),
        lambda rows: {row[0] for row in rows},
    )
