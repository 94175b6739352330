-- Subscriptions day by day, and what ventures earn by them.

CREATE TEMP TABLE subscription_change AS
SELECT t.*, CASE
         WHEN t.state <> 'churned' THEN NULL
         WHEN t.ended_at IS NOT NULL THEN t.ended_at
         WHEN t.cancel_at_period_end AND t.period_end IS NOT NULL THEN t.period_end
         ELSE t.second END AS churned_at,
       l.account_id, l.venture_id,
       CASE WHEN l.account_id IS NOT NULL THEN concat('account:', l.account_id)
            WHEN t.customer_id IS NOT NULL THEN concat('customer:', t.connection_id, ':', t.customer_id)
            ELSE concat('subscription:', t.connection_id, ':', t.id) END AS customer
FROM (
  SELECT s.*, CASE
           WHEN body->>'status' IN ('incomplete', 'incomplete_expired') AND NOT deleted THEN 'never_started'
           WHEN deleted OR body->>'status' IN ('unpaid', 'canceled') THEN 'churned'
           WHEN body->>'status' = 'paused' OR jsonb_typeof(body->'pause_collection') = 'object'
                AND body->>'status' IN ('active', 'past_due', 'trialing') THEN 'paused'
           WHEN body->>'status' IN ('active', 'past_due') THEN 'active'
           WHEN body->>'status' = 'trialing' THEN 'trial'
           ELSE 'unknown' END AS state,
         coalesce((body->>'cancel_at_period_end')::boolean, false) AS cancel_at_period_end,
         greatest((body->>'current_period_end')::bigint,
                  (SELECT max((e.value->>'current_period_end')::bigint) FROM jsonb_array_elements(entries) e)) AS period_end
  FROM subscription_state s
) t
CROSS JOIN LATERAL pg_temp.link(t.organization_id, t.connection_id, t.customer_id, pg_temp.claim(t.body, 'account_id'),
                                pg_temp.claim(t.body, 'venture_id')) l;

-- From which instant on a subscription stands how. A churn that is dated before its own change takes back (pops) what
-- stood in between; one that is dated after it counts until then.
CREATE TEMP TABLE point AS
WITH active AS (
  SELECT *, least(churned_at, next_second) AS stop FROM subscription_change
  WHERE churned_at > second OR churned_at IS NULL AND state = 'active'
), candidate AS (
  SELECT organization_id, connection_id, id, n, second, second AS at, 'active' AS state, false AS pops FROM active
  UNION
  SELECT a.organization_id, a.connection_id, a.id, a.n, a.second, e.edge, 'active', false
  FROM active a
  JOIN subscription_discount d USING (organization_id, connection_id, id, second)
  CROSS JOIN LATERAL (VALUES (d.start), (d.until)) e (edge)
  WHERE e.edge > a.second AND (a.stop IS NULL OR e.edge < a.stop)
  UNION ALL
  SELECT organization_id, connection_id, id, n, second, coalesce(churned_at, second), state, true
  FROM subscription_change
  WHERE NOT (churned_at IS NULL AND state = 'active')
    AND (churned_at > second AND next_second < churned_at) IS NOT TRUE
)
SELECT p.*, CASE p.state WHEN 'active' THEN pg_temp.mrr(p.organization_id, p.connection_id, p.id, p.second, p.at) ELSE 0 END AS mrr
FROM candidate p
WHERE NOT EXISTS (
  SELECT FROM candidate q
  WHERE (q.organization_id, q.connection_id, q.id) = (p.organization_id, p.connection_id, p.id)
    AND q.pops AND q.n > p.n AND q.at <= p.at);

-- Local days on which a subscription ends the same way.
CREATE TEMP TABLE span AS
WITH day_end AS (
  SELECT DISTINCT ON (p.organization_id, p.connection_id, p.id, day) p.organization_id, p.connection_id, p.id, p.n, p.state,
         p.mrr, (to_timestamp(p.at) AT TIME ZONE o.time_zone)::date AS day
  FROM point p JOIN organization o ON o.id = p.organization_id
  ORDER BY p.organization_id, p.connection_id, p.id, day, p.n DESC, p.at DESC
), standing AS (
  SELECT d.*, c.account_id, c.venture_id, c.customer, c.currency,
         row(c.account_id, c.venture_id, c.customer, c.currency, d.state, d.mrr) AS how
  FROM day_end d JOIN subscription_change c USING (organization_id, connection_id, id, n)
), begun AS (
  SELECT *, lag(how) OVER s IS DISTINCT FROM how AS begins FROM standing
  WINDOW s AS (PARTITION BY organization_id, connection_id, id ORDER BY day)
)
SELECT organization_id, connection_id, id AS subscription_id, day,
       coalesce(lead(day) OVER (PARTITION BY organization_id, connection_id, id ORDER BY day), '9999-12-31') AS until,
       venture_id, account_id, customer, currency, state, mrr
FROM begun WHERE begins;

-- What a venture ends each day with, kept where it differs from the day before.
CREATE TEMP TABLE revenue AS
WITH moved AS (
  SELECT organization_id, venture_id, currency, day, mrr AS amount, 0 AS customers FROM span
  WHERE venture_id IS NOT NULL AND mrr <> 0
  UNION ALL
  SELECT organization_id, venture_id, currency, until, -mrr, 0 FROM span
  WHERE venture_id IS NOT NULL AND mrr <> 0 AND until < '9999-12-31'
), paying AS (
  -- a customer with several subscriptions counts once
  SELECT organization_id, venture_id, unnest(range_agg(daterange(day, until))) AS days
  FROM span WHERE venture_id IS NOT NULL AND mrr > 0 GROUP BY organization_id, venture_id, customer
), joined AS (
  SELECT organization_id, venture_id, lower(days) AS day, 1 AS customers FROM paying
  UNION ALL
  SELECT organization_id, venture_id, upper(days), -1 FROM paying WHERE upper(days) < '9999-12-31'
), days AS (
  SELECT DISTINCT organization_id, venture_id, day FROM (
    SELECT organization_id, venture_id, day FROM moved UNION ALL SELECT organization_id, venture_id, day FROM joined) t
), running AS (
  SELECT organization_id, venture_id, currency, day,
         sum(sum(amount)) OVER (PARTITION BY organization_id, venture_id, currency ORDER BY day) AS amount
  FROM (
    SELECT organization_id, venture_id, currency, day, amount FROM moved
    UNION ALL
    SELECT d.organization_id, d.venture_id, c.currency, d.day, 0
    FROM days d JOIN (SELECT DISTINCT organization_id, venture_id, currency FROM moved) c USING (organization_id, venture_id)
  ) t GROUP BY 1, 2, 3, 4
), heads AS (
  SELECT organization_id, venture_id, day,
         sum(sum(customers)) OVER (PARTITION BY organization_id, venture_id ORDER BY day) AS customers
  FROM (SELECT * FROM joined UNION ALL SELECT organization_id, venture_id, day, 0 FROM days) t GROUP BY 1, 2, 3
), whole AS (
  SELECT h.organization_id, h.venture_id, h.day, h.customers,
         coalesce(sum(r.amount) FILTER (WHERE r.currency = o.base_currency), 0) AS mrr,
         coalesce(jsonb_object_agg(r.currency, r.amount) FILTER (WHERE r.currency <> o.base_currency AND r.amount <> 0),
                  '{}') AS unconverted
  FROM heads h
  JOIN organization o ON o.id = h.organization_id
  LEFT JOIN running r USING (organization_id, venture_id, day)
  GROUP BY 1, 2, 3, 4
), compared AS (
  SELECT *, row(mrr, unconverted, customers) IS DISTINCT FROM
            coalesce(lag(row(mrr, unconverted, customers)) OVER v, row(0::numeric, '{}'::jsonb, 0::numeric)) AS differs
  FROM whole WINDOW v AS (PARTITION BY organization_id, venture_id ORDER BY day)
)
SELECT organization_id, venture_id, day, mrr, unconverted, customers,
       lag(mrr, 1, 0) OVER (PARTITION BY organization_id, venture_id ORDER BY day) AS mrr_before
FROM compared WHERE differs;
CREATE UNIQUE INDEX ON revenue (organization_id, venture_id, day);
ANALYZE revenue;

CREATE FUNCTION pg_temp.mrr_on(org uuid, venture uuid, at date) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT r.mrr FROM revenue r WHERE r.organization_id = org AND r.venture_id = venture AND r.day <= at
                   ORDER BY r.day DESC LIMIT 1), 0)
$$;

-- A month's last day looks back at the last day of the month before, any other day at its own a month earlier.
CREATE FUNCTION pg_temp.month_before(day date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN extract(day FROM day + 1) = 1 THEN (date_trunc('month', day)::date - 1)
              ELSE (day - interval '1 month')::date END
$$;

-- The dated actuals: on each day on which revenue changes; growth also a month after, when the change leaves the
-- trailing month. What lies in the future is not told yet. Days that ended without a change carry the last one forward.
CREATE TEMP TABLE metric AS
WITH carried AS (
  SELECT c.organization_id, c.venture_id, c.day, r.mrr, r.unconverted, r.customers FROM (
    SELECT DISTINCT organization_id, venture_id, observed_on AS day FROM stored_metric
    WHERE source = 'calculated' AND carried_from IS NOT NULL AND NOT withdrawn) c
  CROSS JOIN LATERAL (
    SELECT * FROM pg_temp.revenue r WHERE (r.organization_id, r.venture_id) = (c.organization_id, c.venture_id) AND r.day <= c.day
    ORDER BY r.day DESC LIMIT 1) r
  WHERE r.day < c.day
), revenue AS (
  SELECT organization_id, venture_id, day, mrr, unconverted, customers, mrr_before FROM pg_temp.revenue
  UNION ALL
  SELECT organization_id, venture_id, day, mrr, unconverted, customers, mrr FROM carried
), growth_day AS (
  SELECT organization_id, venture_id, day FROM revenue
  UNION
  SELECT organization_id, venture_id, (day + interval '1 month')::date FROM revenue WHERE mrr <> mrr_before
), told AS (
  SELECT organization_id, venture_id, 'mrr' AS metric, day, mrr AS value, unconverted FROM revenue
  UNION ALL
  SELECT organization_id, venture_id, 'arr', day, 12 * mrr,
         (SELECT coalesce(jsonb_object_agg(key, 12 * value::numeric), '{}') FROM jsonb_each_text(unconverted)) FROM revenue
  UNION ALL
  SELECT organization_id, venture_id, 'customers', day, customers, '{}' FROM revenue
  UNION ALL
  SELECT organization_id, venture_id, 'growth_rate', day,
         pg_temp.half_even(pg_temp.wide(pg_temp.mrr_on(organization_id, venture_id, day))
                           / pg_temp.mrr_on(organization_id, venture_id, pg_temp.month_before(day)) - 1, 6), '{}'
  FROM growth_day WHERE pg_temp.mrr_on(organization_id, venture_id, pg_temp.month_before(day)) <> 0
)
SELECT t.organization_id, t.venture_id, t.metric, t.day AS observed_on, t.value, t.unconverted,
       CASE WHEN t.metric IN ('mrr', 'arr') THEN o.base_currency END AS currency, coalesce(p.version, 1) AS policy_version
FROM told t
JOIN organization o ON o.id = t.organization_id
LEFT JOIN policy p USING (organization_id)
WHERE t.day <= ((SELECT now FROM clock) AT TIME ZONE o.time_zone)::date;
