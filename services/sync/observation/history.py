"""What a kind was worth at the end of each month."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.sync.hot import Reading, Rows
from services.sync.observation.rules import Series
from services.sync.observation.store import PRECEDENCE, series_columns

MonthlyValues = dict[Series, list[tuple[date, Decimal]]]
"""By series: (day, value) at month ends, oldest first; the last one may be an observation of the month begun."""


def monthly_values(asked: Mapping[Series, date], months: int) -> Reading[MonthlyValues]:
    """The effective value at the last month ends before a day's month, and the newest one of that month so far.

    A stock figure holds until another one is observed. Months before the first observation are absent.
    """

    def load(rows: Rows) -> MonthlyValues:
        found: MonthlyValues = {series: [] for series in asked}
        for organization, venture, metric, days, values in rows:
            found[Series(organization, venture, metric)] = list(zip(days, values, strict=True))
        return found

    return Reading(
        """
        SELECT asked.organization_id, asked.venture_id, asked.metric,
               array_agg(CASE ends.back WHEN 0 THEN newest.observed_on ELSE ends.day END ORDER BY ends.day),
               array_agg(newest.value ORDER BY ends.day)
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[])
               AS asked (organization_id, venture_id, metric, day)
        CROSS JOIN LATERAL (SELECT date_trunc('month', asked.day::timestamp) AS begins) month
        CROSS JOIN LATERAL (
            SELECT back, CASE back WHEN 0 THEN asked.day
                         ELSE (month.begins - make_interval(months => back - 1))::date - 1 END AS day
            FROM generate_series(0, %s) back
        ) ends
        CROSS JOIN LATERAL (
            SELECT o.observed_on, o.value
            FROM observations o
            WHERE o.organization_id = asked.organization_id AND o.venture_id = asked.venture_id
              AND o.metric = asked.metric AND o.observed_on <= ends.day AND NOT o.withdrawn
            ORDER BY o.observed_on DESC, array_position(%s::text[], o.source)
            LIMIT 1
        ) newest
        WHERE ends.back > 0 OR newest.observed_on >= month.begins::date
        GROUP BY asked.organization_id, asked.venture_id, asked.metric
        """,
        (*series_columns(asked), list(asked.values()), months, PRECEDENCE),
        load,
    )
