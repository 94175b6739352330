-- The forecast of the first version with an MRR target, from its own start.

-- As stored: 6 decimals, held at what the column can take.
CREATE FUNCTION pg_temp.figure(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT round(CASE WHEN abs(value) > 99999999999999.999999 THEN sign(value) * 99999999999999.999999 ELSE value END, 6)
$$;

CREATE FUNCTION pg_temp.newest(organization uuid, venture uuid, kind text, day date) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT value FROM observation
  WHERE (organization_id, venture_id, metric) = (organization, venture, kind) AND observed_on <= day
  ORDER BY observed_on DESC LIMIT 1
$$;

-- What it starts from: the plan's own words, else what was observed, else the defaults.
CREATE TEMP TABLE forecast AS
SELECT p.organization_id, p.venture_id, p.version AS plan_version, p.baseline_on AS start_on, p.target_on, p.final, p.way, p.custom,
       coalesce(p.baseline_value, pg_temp.newest(p.organization_id, p.venture_id, 'mrr', p.baseline_on), 0) AS revenue,
       pg_temp.newest(p.organization_id, p.venture_id, 'cash', p.baseline_on) AS cash,
       coalesce((v.targets->>'expected_burn_rate')::numeric,
                pg_temp.newest(p.organization_id, p.venture_id, 'burn_rate', p.baseline_on), 0) AS burn,
       coalesce((v.targets->>'payroll_share')::numeric, 0.5) AS payroll_share,
       coalesce((v.targets->>'salary_growth')::numeric, 0.05) AS salary_growth,
       least((extract(year FROM p.target_on) - extract(year FROM p.baseline_on)) * 12
             + extract(month FROM p.target_on) - extract(month FROM p.baseline_on), 120)::int AS length
FROM promise p JOIN version v USING (organization_id, venture_id, version)
WHERE p.metric = 'mrr' AND p.start = '0001-01-01' AND p.final IS NOT NULL;
DELETE FROM forecast WHERE length < 1;

CREATE TEMP TABLE forecast_month AS
WITH month AS (
  SELECT f.*, n, (date_trunc('month', f.start_on) + make_interval(months => n + 1) - interval '1 day')::date AS month_end,
         pg_temp.wide((f.burn + f.revenue) * (1 - f.payroll_share))
         + pg_temp.wide((f.burn + f.revenue) * f.payroll_share) * power(1 + f.salary_growth, n) AS costs
  FROM forecast f CROSS JOIN LATERAL generate_series(1, f.length) n
), earned AS (
  SELECT m.*, pg_temp.target(revenue, start_on, final, target_on, way, custom, 1, month_end) AS earned FROM month m
), left_over AS (
  SELECT e.*, costs - earned AS net_burn,
         cash - sum(costs - earned) OVER (PARTITION BY organization_id, venture_id ORDER BY n) AS cash_left
  FROM earned e
)
SELECT organization_id, venture_id, month_end, pg_temp.figure(earned) AS revenue, pg_temp.figure(costs) AS costs,
       pg_temp.figure(net_burn) AS net_burn, pg_temp.figure(cash_left) AS cash,
       CASE WHEN net_burn > 0 AND cash_left IS NOT NULL THEN pg_temp.figure(pg_temp.wide(greatest(cash_left, 0)) / net_burn) END AS runway_months
FROM left_over;
