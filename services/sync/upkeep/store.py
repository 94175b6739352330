"""SQL of the daily sync."""

from collections.abc import Collection
from uuid import UUID

from services.sync.hot import Reading
from services.sync.observation.rules import Series
from services.sync.venture.store import VentureKey, venture_columns
from shared.contracts.finance import MetricKind


def series_with_something_to_say(ventures: Collection[VentureKey]) -> Reading[set[Series]]:
    """The series of ventures that were observed, have a current comparison, or an alert that is open.

    Most ventures are observed in few kinds; looking for the newest observation of every other kind costs more than
    everything else that the daily sync does.
    """
    columns: tuple[list[UUID], list[UUID]] = venture_columns(ventures)
    return Reading(
        """
        SELECT asked.organization_id, asked.venture_id, kinds.metric
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        CROSS JOIN unnest(%s::text[]) AS kinds (metric)
        CROSS JOIN LATERAL (
            SELECT FROM observations o
            WHERE o.organization_id = asked.organization_id AND o.venture_id = asked.venture_id
              AND o.metric = kinds.metric
            LIMIT 1
        ) observed
        UNION
        SELECT v.organization_id, v.venture_id, v.metric
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        JOIN variances v ON v.organization_id = asked.organization_id AND v.venture_id = asked.venture_id AND v.current
        UNION
        SELECT a.organization_id, a.venture_id, coalesce(a.metric, 'mrr')
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        JOIN alerts a ON a.organization_id = asked.organization_id AND a.venture_id = asked.venture_id
               AND a.status = 'open'
        """,
        (*columns, [kind.value for kind in MetricKind], *columns, *columns),
        lambda rows: {Series(organization, venture, metric) for organization, venture, metric in rows},
    )
