-- What plans promise, and how the actuals compare with it.

CREATE TEMP TABLE observation AS
SELECT DISTINCT ON (organization_id, venture_id, metric, observed_on) *
FROM (
  SELECT organization_id, venture_id, metric, observed_on, 'calculated' AS source, value FROM metric
  UNION ALL
  SELECT organization_id, venture_id, metric, observed_on, source, value FROM manual_metric
) t
ORDER BY organization_id, venture_id, metric, observed_on,
         array_position(ARRAY['override', 'calculated', 'imported', 'manual'], source);
CREATE UNIQUE INDEX ON observation (organization_id, venture_id, metric, observed_on);

CREATE TEMP TABLE version AS
SELECT v.organization_id, v.venture_id, v.plan_id, v.version, v.targets, (v.saved_at AT TIME ZONE o.time_zone)::date AS saved_on
FROM plan_version v JOIN organization o ON o.id = v.organization_id;

-- What each version says of the custom metrics that one of its plan's versions defines; own is null where it does not.
CREATE TEMP TABLE custom_promised AS
WITH definition AS (
  SELECT v.organization_id, v.venture_id, v.version, d.value AS own, d.value->>'key' AS metric
  FROM version v CROSS JOIN jsonb_array_elements(coalesce(nullif(targets->'custom_metrics', 'null'), '[]')) d
)
SELECT v.*, m.metric, d.own, coalesce(d.own->>'target_date', v.targets->>'target_date')::date AS due
FROM version v
JOIN (SELECT DISTINCT organization_id, venture_id, metric FROM definition) m USING (organization_id, venture_id)
LEFT JOIN definition d USING (organization_id, venture_id, version, metric);

-- The number that a version finally promises for each kind; 0 is no target, a path needs a date.
CREATE TEMP TABLE promised AS
SELECT v.*, k.metric, NULL::jsonb AS own, false AS custom_metric, (targets->>'target_date')::date AS due, k.path, CASE WHEN k.path AND targets->>'target_date' IS NULL THEN NULL ELSE nullif(k.final, 0) END AS final
FROM version v CROSS JOIN LATERAL (VALUES
  ('mrr', true, coalesce((targets->>'target_mrr')::numeric, pg_temp.wide((targets->>'target_arr')::numeric) / 12)),
  ('arr', true, coalesce((targets->>'target_arr')::numeric, (targets->>'target_mrr')::numeric * 12)),
  ('customers', true, (targets->>'target_customers')::numeric),
  ('cac', false, (targets->>'expected_cac')::numeric),
  ('ltv', false, (targets->>'expected_ltv')::numeric),
  ('ltv_cac', false, coalesce((targets->>'expected_ltv_cac')::numeric,
     pg_temp.wide((targets->>'expected_ltv')::numeric) / nullif((targets->>'expected_cac')::numeric, 0))),
  ('payback_months', false, (targets->>'expected_payback_months')::numeric),
  ('burn_rate', false, (targets->>'expected_burn_rate')::numeric),
  ('runway_months', false, (targets->>'expected_runway_months')::numeric),
  ('growth_rate', false, (targets->>'expected_growth_rate')::numeric),
  ('gross_burn', false, NULL),
  ('cash', false, NULL)
) k (metric, path, final)
UNION ALL
SELECT organization_id, venture_id, plan_id, version, targets, saved_on, metric, own, true, due, true,
       CASE WHEN due IS NOT NULL THEN nullif((own->>'target')::numeric, 0) END
FROM custom_promised;

-- Which version holds when: from the month in which it was saved until a later one does; the first with a target also
-- before. Each with where its path starts: its own baseline, else that of the last version that set one, else the day
-- of the first version with this target.
CREATE TEMP TABLE promise AS
WITH first AS (
  SELECT DISTINCT ON (organization_id, venture_id, metric) organization_id, venture_id, metric, version, saved_on
  FROM promised ORDER BY organization_id, venture_id, metric, (final IS NULL), version
), started AS (
  SELECT p.*, f.saved_on AS first_on,
         CASE WHEN p.version = f.version THEN '0001-01-01'::date ELSE date_trunc('month', p.saved_on)::date END AS start
  FROM promised p JOIN first f USING (organization_id, venture_id, metric) WHERE p.version >= f.version
)
SELECT s.organization_id, s.venture_id, s.metric, s.version, s.start, s.final, s.path, s.due AS target_on, s.custom_metric,
       coalesce(s.own->>'path', targets->>'path') AS way,
       CASE WHEN s.custom_metric THEN s.own->'custom_path' ELSE targets->'custom_path' END AS custom,
       CASE WHEN s.custom_metric THEN coalesce(c.day, c.saved_on, s.first_on)
            WHEN s.metric = 'customers' THEN coalesce(b.day, s.first_on) WHEN b.given THEN coalesce(b.day, b.saved_on)
            ELSE s.first_on END AS baseline_on,
       CASE WHEN s.custom_metric THEN c.value WHEN s.metric <> 'customers' THEN b.value END AS baseline_value,
       CASE WHEN s.custom_metric THEN coalesce(s.own->>'direction' = 'less_is_better', false)
            ELSE s.metric IN ('burn_rate', 'gross_burn', 'cac', 'payback_months') END AS less_is_better
FROM started s
LEFT JOIN LATERAL (
  SELECT w.saved_on, coalesce(w.own->>'baseline_date', w.targets->>'baseline_date')::date AS day,
         (w.own->>'baseline_value')::numeric AS value
  FROM custom_promised w
  WHERE (w.organization_id, w.venture_id, w.metric) = (s.organization_id, s.venture_id, s.metric) AND w.version <= s.version
    AND w.own IS NOT NULL
    AND coalesce(w.own->>'baseline_date', w.targets->>'baseline_date', w.own->>'baseline_value') IS NOT NULL
  ORDER BY w.version DESC LIMIT 1
) c ON s.custom_metric
LEFT JOIN LATERAL (
  SELECT true AS given, w.saved_on, (w.targets->>'baseline_date')::date AS day, (w.targets->>'baseline_value')::numeric AS value
  FROM version w
  WHERE (w.organization_id, w.venture_id) = (s.organization_id, s.venture_id) AND w.version <= s.version
    AND (w.targets->>'baseline_date' IS NOT NULL OR w.targets->>'baseline_value' IS NOT NULL)
  ORDER BY w.version DESC LIMIT 1
) b ON true
WHERE NOT EXISTS (
  SELECT FROM started l
  WHERE (l.organization_id, l.venture_id, l.metric) = (s.organization_id, s.venture_id, s.metric)
    AND l.version > s.version AND l.start <= s.start);
CREATE INDEX ON promise (organization_id, venture_id, metric, start);

-- The target at a day: compound b (T/b)^(m/M), linear b + (T - b) m/M, custom the month's amount (linear between given
-- months, both ends included).
CREATE FUNCTION pg_temp.target(b numeric, from_day date, t numeric, to_day date, way text, custom jsonb, factor int, day date)
RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  share numeric;
  month int := extract(year FROM day) * 12 + extract(month FROM day);
  low record;
  high record;
  by_month boolean := way = 'custom' AND factor > 0 AND jsonb_array_length(coalesce(nullif(custom, 'null'), '[]')) > 0;
BEGIN
  by_month := coalesce(by_month, false);
  IF day > to_day OR day = to_day AND NOT by_month THEN RETURN t; END IF;
  IF day < from_day OR day = from_day AND NOT by_month THEN RETURN b; END IF;
  IF by_month THEN
    CREATE TEMP TABLE IF NOT EXISTS pathway (m int PRIMARY KEY, amount numeric) ON COMMIT DROP;
    DELETE FROM pathway;
    INSERT INTO pathway VALUES (extract(year FROM from_day) * 12 + extract(month FROM from_day), b);
    INSERT INTO pathway VALUES (extract(year FROM to_day) * 12 + extract(month FROM to_day), t)
      ON CONFLICT (m) DO UPDATE SET amount = excluded.amount;
    INSERT INTO pathway
      SELECT split_part(p->>'month', '-', 1)::int * 12 + split_part(p->>'month', '-', 2)::int, (p->>'amount')::numeric * factor
      FROM jsonb_array_elements(custom) p ON CONFLICT (m) DO UPDATE SET amount = excluded.amount;
    SELECT * INTO low FROM pathway WHERE m <= month ORDER BY m DESC LIMIT 1;
    SELECT * INTO high FROM pathway WHERE m >= month ORDER BY m LIMIT 1;
    IF low.m = month THEN RETURN low.amount; END IF;
    RETURN low.amount + pg_temp.wide(high.amount - low.amount) * (month - low.m) / (high.m - low.m);
  END IF;
  share := pg_temp.months(from_day, day) / pg_temp.months(from_day, to_day);
  IF way IS NOT DISTINCT FROM 'linear' OR b <= 0 OR t <= 0 THEN RETURN b + (t - b) * share; END IF;
  RETURN b * exp(ln((t::numeric(60, 30) / b)::numeric(60, 30)) * share::numeric(60, 30));
END $$;
ALTER FUNCTION pg_temp.target VOLATILE;

CREATE TEMP TABLE compared AS
WITH held AS (
  SELECT o.*, p.version AS plan_version, p.final, p.path, p.target_on, p.way, p.custom, p.baseline_on, p.less_is_better,
         CASE o.metric WHEN 'arr' THEN 12 WHEN 'customers' THEN 0 ELSE 1 END AS factor,
         CASE o.metric WHEN 'arr' THEN 12 ELSE 1 END * coalesce(p.baseline_value, (
           SELECT s.value FROM observation s
           WHERE (s.organization_id, s.venture_id) = (o.organization_id, o.venture_id)
             AND s.metric = CASE WHEN o.metric = 'customers' OR p.custom_metric THEN o.metric ELSE 'mrr' END
             AND s.observed_on <= p.baseline_on
           ORDER BY s.observed_on DESC LIMIT 1), 0) AS baseline,
         o.observed_on = max(o.observed_on) OVER (PARTITION BY o.organization_id, o.venture_id, o.metric) AS current
  FROM observation o
  LEFT JOIN LATERAL (
    SELECT * FROM promise p
    WHERE (p.organization_id, p.venture_id, p.metric) = (o.organization_id, o.venture_id, o.metric)
      AND p.start <= o.observed_on
    ORDER BY p.start DESC LIMIT 1
  ) p ON true
), targeted AS (
  SELECT h.*, CASE WHEN path AND final IS NOT NULL
                   THEN pg_temp.target(baseline, baseline_on, final, target_on, way, custom, factor, observed_on)
                   ELSE final END AS target
  FROM held h
), varied AS (
  SELECT t.*, pg_temp.wide(value - target) / abs(nullif(target, 0)) * 100 AS variance,
         CASE WHEN path THEN pg_temp.wide(value) / final * 100 END AS progress
  FROM targeted t
)
SELECT v.*,
       -- as stored: 6 decimals, held at what the column can take
       round(CASE WHEN abs(variance) > l.most THEN sign(variance) * l.most ELSE variance END, 6) AS variance_pct,
       round(CASE WHEN abs(progress) > l.most THEN sign(progress) * l.most ELSE progress END, 6) AS progress_pct, CASE
         WHEN variance IS NULL THEN 'PLANNED' WHEN b.better < -15 THEN 'LAGGING' WHEN b.better > 20 THEN 'EXCEEDING'
         WHEN b.better BETWEEN -5 AND 10 THEN 'ON_TRACK' ELSE 'MONITOR' END AS status,
       CASE WHEN current AND metric = 'mrr' AND plan_version IS NOT NULL THEN CASE
         WHEN variance < -5 THEN 'ACTUAL_BELOW_TARGET' WHEN variance > 10 THEN 'ACTUAL_ABOVE_TARGET' ELSE 'IN_SYNC' END
       END AS plan_sync_status
FROM varied v
CROSS JOIN LATERAL (SELECT CASE WHEN less_is_better THEN -variance ELSE variance END AS better) b
CROSS JOIN (VALUES (99999999999999.999999)) l (most);

-- Which alerts have to be open: the newest observation of a kind, not older than the open month, is beyond its
-- threshold, and nobody dismissed as much this month.
CREATE TEMP TABLE due AS
WITH newest AS (
  SELECT c.*, date_trunc('month', (SELECT now FROM clock) AT TIME ZONE o.time_zone)::date AS open_month
  FROM compared c
  JOIN organization o ON o.id = c.organization_id
  JOIN venture v ON v.organization_id = c.organization_id AND v.id = c.venture_id AND NOT v.archived
  WHERE c.current
), judged AS (
  SELECT newest.organization_id, newest.venture_id, t.type, CASE
           WHEN NOT coalesce((v.own->>'enabled')::boolean, (o.own->>'enabled')::boolean, true) THEN NULL
           WHEN t.type = 'MRR_ABOVE_TARGET' THEN
             CASE WHEN beyond > coalesce((v.own->>'warning')::numeric, (o.own->>'warning')::numeric, t.warning) THEN 'INFO' END
           WHEN beyond > signed * coalesce((v.own->>'critical')::numeric, (o.own->>'critical')::numeric, t.critical) THEN 'CRITICAL'
           WHEN beyond > signed * coalesce((v.own->>'warning')::numeric, (o.own->>'warning')::numeric, t.warning) THEN 'WARNING'
         END AS severity, observed_on, open_month
  FROM newest CROSS JOIN LATERAL (VALUES
    ('mrr', 'MRR_BELOW_TARGET', -variance, 1, 15, 30),
    ('mrr', 'MRR_ABOVE_TARGET', variance, 1, 15, NULL),
    ('burn_rate', 'BURN_EXCEEDS_FORECAST', variance, 1, 15, 30),
    ('cac', 'CAC_ABOVE_PLAN', variance, 1, 15, 30),
    ('ltv', 'LTV_BELOW_PLAN', -variance, 1, 15, 30),
    ('payback_months', 'PAYBACK_ABOVE_PLAN', variance, 1, 15, 30),
    ('customers', 'CUSTOMERS_BELOW_TARGET', -variance, 1, 15, 30),
    ('runway_months', 'RUNWAY_BELOW_PLAN', -variance, 1, 15, 30),
    ('runway_months', 'RUNWAY_LOW', -value, -1, 6, 4)
  ) t (metric, type, beyond, signed, warning, critical)
  LEFT JOIN LATERAL (
    SELECT l.limits->t.type AS own FROM alert_limit l
    WHERE (l.organization_id, l.scope_id) = (newest.organization_id, newest.venture_id)) v ON true
  LEFT JOIN LATERAL (
    SELECT l.limits->t.type AS own FROM alert_limit l
    WHERE (l.organization_id, l.scope_id) = (newest.organization_id, newest.organization_id)) o ON true
  WHERE t.metric = newest.metric AND observed_on >= open_month
  UNION ALL
  SELECT f.organization_id, f.venture_id, 'FIRST_METRIC', CASE WHEN f.observed_on >= m.open_month THEN 'INFO' END,
         f.observed_on, m.open_month
  FROM (SELECT DISTINCT ON (organization_id, venture_id) * FROM compared WHERE metric = 'mrr' AND value <> 0
        ORDER BY organization_id, venture_id, observed_on) f
  JOIN (SELECT DISTINCT organization_id, venture_id, open_month FROM newest WHERE metric = 'mrr') m
    USING (organization_id, venture_id)
  UNION ALL
  -- one venture, the largest of at least two, with more than a share of all that they have
  SELECT p.organization_id, p.venture_id, 'PORTFOLIO_UNBALANCED', CASE
           WHEN NOT coalesce((o.own->>'enabled')::boolean, true) THEN NULL
           WHEN place = 1 AND ventures > 1 AND value * 100 > coalesce((o.own->>'warning')::numeric, 60) * total THEN 'INFO'
         END, p.observed_on, p.open_month
  FROM (SELECT n.*, count(*) OVER whole AS ventures, sum(greatest(value, 0)) OVER whole AS total,
               max(observed_on) OVER whole AS newest_on,
               row_number() OVER (PARTITION BY organization_id ORDER BY value DESC, venture_id DESC) AS place
        FROM newest n WHERE metric = 'mrr' WINDOW whole AS (PARTITION BY organization_id)) p
  LEFT JOIN LATERAL (
    SELECT l.limits->'PORTFOLIO_UNBALANCED' AS own FROM alert_limit l
    WHERE (l.organization_id, l.scope_id) = (p.organization_id, p.organization_id)) o ON true
  WHERE p.newest_on >= p.open_month
)
SELECT j.organization_id, j.venture_id, j.type, j.observed_on,
       CASE WHEN array_position(ARRAY['INFO', 'WARNING', 'CRITICAL'], j.severity) > coalesce((
         SELECT max(array_position(ARRAY['INFO', 'WARNING', 'CRITICAL'], a.severity)) FROM stored_alert a
         WHERE (a.organization_id, a.venture_id, a.type) = (j.organization_id, j.venture_id, j.type)
           AND a.status = 'dismissed' AND a.quiet_month >= j.open_month), 0) THEN j.severity END AS severity
FROM judged j;
