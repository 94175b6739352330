-- Every object that an event shows, whether it is about it (direct) or only holds it.

-- Bodies are kept uncompressed: each is read several times.
CREATE TEMP TABLE event (organization_id uuid, connection_id uuid, event_id text, type text, kind text, second bigint,
                         body jsonb STORAGE EXTERNAL, previous jsonb);
INSERT INTO event
SELECT organization_id, connection_id, event_id, type, kind, (doc->>'created')::bigint, doc->'data'->'object',
       CASE WHEN jsonb_typeof(doc->'data'->'previous_attributes') = 'object'
             AND doc->'data'->'previous_attributes' <> '{}' THEN doc->'data'->'previous_attributes' END
FROM (
  SELECT r.*, convert_from(payload, 'UTF8')::jsonb AS doc, CASE
           WHEN type LIKE 'charge.refund.%' OR type LIKE 'refund.%' THEN 'refund'
           WHEN type LIKE 'charge.dispute.%' THEN 'dispute'
           WHEN type LIKE 'customer.discount.%' THEN 'discount'
           WHEN type LIKE 'customer.subscription.%' THEN 'subscription'
           WHEN type ~ '^customer\.(created|updated|deleted)' THEN 'customer'
           WHEN type <> 'invoice.upcoming' AND type ~ '^(charge|payment_intent|payout|invoice|invoice_payment|coupon)\.'
             THEN split_part(type, '.', 1)
         END AS kind
  FROM raw_event r OFFSET 0
) parsed WHERE kind IS NOT NULL;
DROP TABLE raw_event;

CREATE FUNCTION pg_temp.discount_id(body jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(nullif(body->>'id', ''), concat(
    coalesce(pg_temp.reference(body->'subscription'), pg_temp.reference(body->'customer')), ':',
    coalesce(pg_temp.reference(body->'coupon'), pg_temp.reference(body->'source'->'coupon')), ':', body->>'start'))
$$;

CREATE TEMP TABLE seen (organization_id uuid, connection_id uuid, kind text, id text, second bigint, direct boolean,
                        event_id text, event_type text, previous jsonb, body jsonb STORAGE EXTERNAL, place int);
INSERT INTO seen
WITH direct AS NOT MATERIALIZED (
  SELECT * FROM event WHERE kind = 'customer' OR body->'deleted' IS DISTINCT FROM 'true' OR body ? 'metadata'
), charges AS (
  SELECT organization_id, connection_id, event_id, second, body, 0 AS place FROM direct WHERE kind = 'charge'
  UNION ALL
  SELECT d.organization_id, d.connection_id, d.event_id, d.second, c.value, c.n::int
  FROM direct d, LATERAL (
    SELECT value, n FROM jsonb_array_elements(pg_temp.listed(d.body->'charges')) WITH ORDINALITY e (value, n)
    UNION ALL SELECT d.body->'latest_charge', 1000 WHERE jsonb_typeof(d.body->'latest_charge') = 'object'
  ) c WHERE d.kind = 'payment_intent' AND jsonb_typeof(c.value) = 'object'
)
SELECT organization_id, connection_id, kind,
       CASE kind WHEN 'discount' THEN pg_temp.discount_id(body) ELSE body->>'id' END AS id,
       -- a deletion that shows nothing of the object is preceded by any state
       CASE WHEN body->'deleted' = 'true' AND NOT body ? 'metadata' THEN -1 ELSE second END AS second,
       true AS direct, event_id, type AS event_type, previous, body, 0 AS place
FROM direct
UNION ALL
SELECT organization_id, connection_id, 'charge', body->>'id', second, false, event_id, 'embedded', NULL, body, place
FROM charges WHERE place > 0
UNION ALL
SELECT organization_id, connection_id, 'refund', r.value->>'id', second, false, event_id, 'embedded', NULL,
       jsonb_build_object('charge', body->'id', 'payment_intent', body->'payment_intent') || r.value, place * 1000 + r.n::int
FROM charges, jsonb_array_elements(pg_temp.listed(body->'refunds')) WITH ORDINALITY r (value, n)
WHERE jsonb_typeof(r.value) = 'object'
UNION ALL
SELECT organization_id, connection_id, 'balance_transaction', body->'balance_transaction'->>'id', second, false, event_id,
       'embedded', NULL, body->'balance_transaction', place
FROM charges WHERE jsonb_typeof(body->'balance_transaction') = 'object'
UNION ALL
SELECT organization_id, connection_id, 'discount', pg_temp.discount_id(x.value), second, false, event_id, 'embedded', NULL,
       x.value, x.n
FROM direct d, LATERAL (
  SELECT d.body->'discount' AS value, 0 AS n WHERE jsonb_typeof(d.body->'discount') = 'object'
  UNION ALL
  SELECT value, n::int FROM jsonb_array_elements(pg_temp.listed(d.body->'discounts')) WITH ORDINALITY e (value, n)
  WHERE jsonb_typeof(value) = 'object'
) x WHERE d.kind IN ('customer', 'subscription');
DROP TABLE event;

-- Each object's newest state. Of a subscription every second's is kept. An event about the object tells more than one
-- that holds it; among several of one second, a deletion is the last, else the one that no other overwrote.
CREATE INDEX ON seen (organization_id, connection_id, kind, id);
ANALYZE seen;

CREATE TEMP TABLE contender AS
SELECT *, count(*) OVER o AS rivals, bool_or(event_type LIKE '%.deleted') OVER o AS any_deleted
FROM (
  SELECT DISTINCT ON (organization_id, connection_id, kind, id, since, event_id) *
  FROM (
    SELECT s.ctid AS row, organization_id, connection_id, kind, id, event_id, event_type, place,
           previous IS NOT NULL AS overwrites, CASE kind WHEN 'subscription' THEN second ELSE 0 END AS since,
           rank() OVER (PARTITION BY organization_id, connection_id, kind, id,
                                     CASE kind WHEN 'subscription' THEN second ELSE 0 END
                        ORDER BY second DESC, direct DESC) AS best
    FROM seen s
  ) ranked WHERE best = 1
  ORDER BY organization_id, connection_id, kind, id, since, event_id, place
) t WINDOW o AS (PARTITION BY organization_id, connection_id, kind, id, since);

-- Which of them another one overwrote (and did not overwrite itself).
CREATE TEMP TABLE rival AS
SELECT c.*, s.body, s.previous, (NOT any_deleted OR c.event_type LIKE '%.deleted') AS in_pool
FROM contender c JOIN seen s ON s.ctid = c.row WHERE rivals > 1;
CREATE INDEX ON rival (organization_id, connection_id, kind, id, since);
ANALYZE rival;
CREATE TEMP TABLE followed AS
SELECT DISTINCT e.row
FROM rival e
JOIN rival l ON (l.organization_id, l.connection_id, l.kind, l.id, l.since)
              = (e.organization_id, e.connection_id, e.kind, e.id, e.since) AND l.event_id <> e.event_id
WHERE l.in_pool AND l.overwrites AND pg_temp.holds(e.body, l.previous)
  AND NOT (e.overwrites AND pg_temp.holds(l.body, e.previous));

CREATE TEMP TABLE newest AS
SELECT DISTINCT ON (organization_id, connection_id, kind, id, since)
       c.organization_id, c.connection_id, c.kind, c.id, c.since, c.row
FROM contender c LEFT JOIN followed f ON f.row = c.row
ORDER BY organization_id, connection_id, kind, id, since, (NOT any_deleted OR event_type LIKE '%.deleted') DESC,
         f.row IS NOT NULL, pg_temp.life(event_type) DESC, event_id COLLATE "C" DESC;
DROP TABLE rival, followed, contender;
CREATE INDEX ON newest (kind);
ANALYZE newest;

CREATE TEMP VIEW state AS
SELECT s.organization_id, s.connection_id, s.kind, s.id, n.since, s.second, s.body, s.event_type
FROM newest n JOIN seen s ON s.ctid = n.row;
