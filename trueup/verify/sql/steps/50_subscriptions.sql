-- Subscriptions: what each state says, and what it amounts to a month.

-- Known discounts and coupons, each in its newest state.
CREATE TEMP TABLE coupon AS
SELECT organization_id, connection_id, id, body FROM state WHERE kind = 'coupon';
CREATE UNIQUE INDEX ON coupon (organization_id, connection_id, id);

CREATE TEMP TABLE discount AS
SELECT s.organization_id, s.connection_id, s.id, s.body, pg_temp.reference(body->'customer') AS customer, m.deleted_at,
       pg_temp.reference(body->'subscription') IS NULL AND body->>'invoice' IS NULL AND body->>'invoice_item' IS NULL
         AND body->>'checkout_session' IS NULL AS for_all
FROM state s
LEFT JOIN (SELECT organization_id, connection_id, id, min(second) AS deleted_at FROM seen
           WHERE kind = 'discount' AND direct AND event_type LIKE '%.deleted' GROUP BY 1, 2, 3) m
  USING (organization_id, connection_id, id)
WHERE s.kind = 'discount';
CREATE UNIQUE INDEX ON discount (organization_id, connection_id, id);

CREATE TEMP TABLE subscription_state AS
SELECT s.organization_id, s.connection_id, s.id, s.second, upper(body->>'currency') AS currency, body,
       pg_temp.reference(body->'customer') AS customer_id, d.deleted_at IS NOT NULL AS deleted,
       CASE WHEN jsonb_array_length(e.entries) = 0 AND jsonb_typeof(body->'plan') = 'object'
            THEN jsonb_build_array(jsonb_build_object('id', body->'id', 'plan', body->'plan', 'quantity', body->'quantity'))
            ELSE e.entries END AS entries,
       row_number() OVER o AS n, lead(s.second) OVER o AS next_second,
       coalesce(nullif((body->>'ended_at')::bigint, 0), d.deleted_at) AS ended_at
FROM state s
LEFT JOIN LATERAL (
  SELECT min(x.second) AS deleted_at FROM seen x
  WHERE (x.organization_id, x.connection_id, x.kind, x.id) = (s.organization_id, s.connection_id, 'subscription', s.id)
    AND x.event_type LIKE '%.deleted'
  HAVING min(x.second) <= s.second
) d ON true
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_agg(value ORDER BY value->>'id' COLLATE "C"), '[]') AS entries
  FROM jsonb_array_elements(pg_temp.listed(body->'items')) WHERE jsonb_typeof(value) = 'object'
) e
WHERE s.kind = 'subscription'
WINDOW o AS (PARTITION BY s.organization_id, s.connection_id, s.id ORDER BY s.second);
CREATE UNIQUE INDEX ON subscription_state (organization_id, connection_id, id, second);

-- An item's monthly amount before discounts: unit amount x quantity, inclusive tax taken out, day x 365/12,
-- week x 52/12 (by policy), month / n, year / 12n. Metered, tiered and one-time prices have none.
CREATE TEMP TABLE subscription_item AS
SELECT t.organization_id, t.connection_id, t.id, t.second, t.item_id, t.every, t.many,
       pg_temp.wide(
         CASE WHEN t.every IN ('day', 'week', 'month', 'year') AND t.many > 0 AND NOT t.metered AND t.unit IS NOT NULL
         THEN pg_temp.wide(pg_temp.half_even(t.unit / 10::numeric ^ c.stripe, 12) * t.units * 100)
              / (100 + pg_temp.half_even(t.inclusive_pct, 6)) * f.over / (f.under * t.many)
         ELSE 0 END) AS mrr
FROM (
  SELECT s.organization_id, s.connection_id, s.id, s.second, s.currency, e.value->>'id' AS item_id,
         p.recurring->>'interval' AS every, p.recurring->>'usage_type' IS NOT DISTINCT FROM 'metered' AS metered,
         coalesce(nullif((p.recurring->>'interval_count')::int, 0), 1) AS many,
         CASE WHEN p.price->>'billing_scheme' = 'tiered' THEN NULL
              WHEN p.plan THEN coalesce(p.price->>'amount_decimal', p.price->>'amount')::numeric
              ELSE coalesce(p.price->>'unit_amount_decimal', p.price->>'unit_amount')::numeric END AS unit,
         CASE WHEN (q.package->>'divide_by')::numeric > 0
              THEN CASE q.package->>'round' WHEN 'up' THEN ceil(q.quantity / (q.package->>'divide_by')::numeric)
                                            ELSE trunc(q.quantity / (q.package->>'divide_by')::numeric) END
              ELSE q.quantity END AS units,
         (SELECT coalesce(sum((r.value->>'percentage')::numeric), 0)
          FROM jsonb_array_elements(CASE WHEN jsonb_array_length(pg_temp.listed(e.value->'tax_rates')) > 0
                                         THEN pg_temp.listed(e.value->'tax_rates')
                                         ELSE pg_temp.listed(s.body->'default_tax_rates') END) r
          WHERE (r.value->>'inclusive')::boolean) AS inclusive_pct
  FROM subscription_state s
  CROSS JOIN LATERAL jsonb_array_elements(s.entries) e
  CROSS JOIN LATERAL (
    SELECT jsonb_typeof(e.value->'price') IS DISTINCT FROM 'object' AS plan,
           CASE WHEN jsonb_typeof(e.value->'price') = 'object' THEN e.value->'price' ELSE e.value->'plan' END AS price,
           CASE WHEN jsonb_typeof(e.value->'price'->'recurring') = 'object' THEN e.value->'price'->'recurring'
                ELSE e.value->'plan' END AS recurring
  ) p
  CROSS JOIN LATERAL (
    SELECT coalesce((e.value->>'quantity')::numeric, 1) AS quantity,
           coalesce(nullif(p.price->'transform_quantity', 'null'), p.price->'transform_usage') AS package
  ) q
) t
JOIN currency c ON c.code = t.currency
LEFT JOIN policy y USING (organization_id)
CROSS JOIN LATERAL (
  SELECT CASE t.every WHEN 'day' THEN 365 WHEN 'week' THEN split_part(w.factor, '/', 1)::numeric ELSE 1 END AS over,
         CASE t.every WHEN 'day' THEN 12 WHEN 'year' THEN 12
                      WHEN 'week' THEN coalesce(nullif(split_part(w.factor, '/', 2), ''), '1')::numeric ELSE 1 END AS under
  FROM (SELECT coalesce(y.settings->>'week_factor', '52/12') AS factor) w
) f;
CREATE INDEX ON subscription_item (organization_id, connection_id, id, second);

-- The discounts of each state, in their order: its own (by id or whole), a single item's, else its customer's.
CREATE TEMP TABLE subscription_discount AS
WITH own AS (
  SELECT DISTINCT ON (organization_id, connection_id, id, second, discount_id)
         organization_id, connection_id, id, second, discount_id, shown, place
  FROM (
    SELECT s.organization_id, s.connection_id, s.id, s.second, x.place, x.shown,
           CASE jsonb_typeof(x.shown) WHEN 'string' THEN x.shown #>> '{}' ELSE pg_temp.discount_id(x.shown) END AS discount_id
    FROM subscription_state s
    CROSS JOIN LATERAL (
      SELECT value AS shown, n AS place FROM jsonb_array_elements(pg_temp.listed(s.body->'discounts')) WITH ORDINALITY l (value, n)
      UNION ALL
      SELECT s.body->'discount', 0
      WHERE jsonb_array_length(pg_temp.listed(s.body->'discounts')) = 0
        AND jsonb_typeof(s.body->'discount') IN ('object', 'string')
      UNION ALL
      SELECT value, 1000 + n FROM jsonb_array_elements(pg_temp.listed(s.entries->0->'discounts')) WITH ORDINALITY l (value, n)
      WHERE jsonb_array_length(s.entries) = 1
    ) x
  ) t ORDER BY organization_id, connection_id, id, second, discount_id, place
), wanted AS (
  SELECT *, true AS its_own FROM own
  UNION ALL
  SELECT s.organization_id, s.connection_id, s.id, s.second, d.id, NULL,
         row_number() OVER (PARTITION BY s.organization_id, s.connection_id, s.id, s.second ORDER BY d.id COLLATE "C"), false
  FROM subscription_state s
  JOIN discount d ON (d.organization_id, d.connection_id, d.customer) = (s.organization_id, s.connection_id, s.customer_id)
  WHERE d.for_all
    AND NOT EXISTS (SELECT FROM own o WHERE (o.organization_id, o.connection_id, o.id, o.second)
                                          = (s.organization_id, s.connection_id, s.id, s.second))
    -- discounts of one item among several follow no rule yet, and keep the customer's away
    AND NOT (jsonb_array_length(s.entries) > 1 AND EXISTS (
      SELECT FROM jsonb_array_elements(s.entries) e WHERE jsonb_array_length(pg_temp.listed(e.value->'discounts')) > 0))
), resolved AS (
  SELECT w.*, said.body AS said, d.deleted_at,
         coalesce(CASE WHEN jsonb_typeof(said.body->'coupon') = 'object' THEN said.body->'coupon'
                       WHEN jsonb_typeof(said.body->'source'->'coupon') = 'object' THEN said.body->'source'->'coupon' END,
                  k.body,
                  CASE WHEN jsonb_typeof(d.body->'coupon') = 'object' THEN d.body->'coupon' END) AS coupon
  FROM wanted w
  LEFT JOIN discount d ON (d.organization_id, d.connection_id, d.id) = (w.organization_id, w.connection_id, w.discount_id)
  CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(w.shown) = 'object' THEN w.shown ELSE d.body END AS body) said
  LEFT JOIN coupon k ON (k.organization_id, k.connection_id, k.id) = (w.organization_id, w.connection_id,
    coalesce(pg_temp.reference(said.body->'coupon'), pg_temp.reference(said.body->'source'->'coupon')))
)
SELECT r.organization_id, r.connection_id, r.id, r.second, r.place, pg_temp.half_even((coupon->>'percent_off')::numeric, 6) AS percent_off,
       CASE WHEN coupon->>'percent_off' IS NULL
            THEN pg_temp.half_even((coupon->>'amount_off')::numeric / 10::numeric ^ c.stripe, 6) END AS amount_off,
       coalesce(coupon->>'duration', 'forever') AS duration, (said->>'start')::bigint AS start,
       least((said->>'end')::bigint, deleted_at) AS until
FROM resolved r
JOIN subscription_state s USING (organization_id, connection_id, id, second)
LEFT JOIN currency c ON c.code = upper(coupon->>'currency')
WHERE coupon IS NOT NULL
  AND (coupon->>'amount_off' IS NULL OR upper(coupon->>'currency') = s.currency)
  AND (its_own OR least((said->>'end')::bigint, deleted_at) IS NULL OR least((said->>'end')::bigint, deleted_at) > r.second);
CREATE INDEX ON subscription_discount (organization_id, connection_id, id, second);
ANALYZE subscription_state; ANALYZE subscription_item; ANALYZE subscription_discount;

-- An amount per billing period as an amount per month.
CREATE FUNCTION pg_temp.monthly(amount numeric, every text, many int, week text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT pg_temp.wide(pg_temp.wide(amount) * CASE every WHEN 'day' THEN 365 WHEN 'week' THEN split_part(week, '/', 1)::numeric ELSE 1 END
    / (many * CASE every WHEN 'day' THEN 12 WHEN 'year' THEN 12
                         WHEN 'week' THEN coalesce(nullif(split_part(week, '/', 2), ''), '1')::numeric ELSE 1 END))
$$;

-- A state's MRR at an instant: its items' amounts, lowered by the discounts in force, one after the other. A fixed
-- discount is shared over the items by MRR, cumulatively rounded in the order of their ids.
CREATE FUNCTION pg_temp.mrr(org uuid, conn uuid, sub text, state_second bigint, at bigint) RETURNS numeric
LANGUAGE plpgsql STABLE AS $$
DECLARE
  parts numeric[];
  everies text[];
  manies int[];
  settings jsonb := (SELECT p.settings FROM policy p WHERE p.organization_id = org);
  week text := coalesce(settings->>'week_factor', '52/12');
  counted text := coalesce(settings->>'discounts', 'forever_and_repeating');
  d record;
  total numeric;
  running numeric;
  edge numeric;
  before numeric;
BEGIN
  SELECT array_agg(i.mrr ORDER BY i.item_id COLLATE "C"), array_agg(i.every ORDER BY i.item_id COLLATE "C"),
         array_agg(i.many ORDER BY i.item_id COLLATE "C")
  INTO parts, everies, manies FROM subscription_item i
  WHERE (i.organization_id, i.connection_id, i.id, i.second) = (org, conn, sub, state_second);
  IF parts IS NULL THEN RETURN 0; END IF;
  FOR d IN SELECT * FROM subscription_discount x
           WHERE (x.organization_id, x.connection_id, x.id, x.second) = (org, conn, sub, state_second)
             AND x.start <= at AND (x.until IS NULL OR at < x.until)
             AND (counted = 'forever_and_repeating' AND x.duration IN ('forever', 'repeating')
                  OR counted = 'forever' AND x.duration = 'forever')
           ORDER BY x.place
  LOOP
    IF d.percent_off IS NOT NULL THEN
      FOR i IN 1 .. array_length(parts, 1) LOOP
        parts[i] := pg_temp.wide(parts[i] * (100 - d.percent_off) / 100);
      END LOOP;
    ELSIF d.amount_off IS NOT NULL THEN
      total := (SELECT sum(p) FROM unnest(parts) p WHERE p > 0);
      CONTINUE WHEN total IS NULL;
      running := 0;
      before := 0;
      FOR i IN 1 .. array_length(parts, 1) LOOP
        CONTINUE WHEN parts[i] <= 0;
        running := running + parts[i];
        edge := pg_temp.half_even(pg_temp.wide(d.amount_off * running) / total, 6);
        parts[i] := greatest(0, parts[i] - pg_temp.monthly(edge - before, everies[i], manies[i], week));
        before := edge;
      END LOOP;
    END IF;
  END LOOP;
  RETURN (SELECT pg_temp.half_even(sum(p), 6) FROM unnest(parts) p);
END $$;
