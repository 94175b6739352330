-- Payments, refunds, disputes and payouts, from what their objects say in their newest states, and from when it was
-- first seen to hold (a charge captured, a refund failed, a payout paid).

CREATE TEMP TABLE charge_seen AS
SELECT organization_id, connection_id, id, second, direct, event_type, amount, refunded, status = 'succeeded' AS succeeded,
       captured, CASE WHEN captured AND status = 'succeeded' THEN coalesce(taken, amount) ELSE 0 END AS counted
FROM (
  SELECT organization_id, connection_id, id, second, direct, event_type, body->>'status' AS status,
         coalesce((body->>'captured')::boolean, false) AS captured,
         pg_temp.minor(body->'amount', body->>'currency') AS amount,
         pg_temp.minor(nullif(body->'amount_captured', 'null'), body->>'currency') AS taken,
         coalesce(pg_temp.minor(nullif(body->'amount_refunded', 'null'), body->>'currency'), 0) AS refunded
  FROM seen WHERE kind = 'charge'
) t;

CREATE TEMP TABLE charge AS
SELECT s.organization_id, s.connection_id, s.id, s.second, upper(body->>'currency') AS currency, body->>'status' AS status,
       (body->>'created')::bigint AS created, pg_temp.reference(body->'payment_intent') AS intent,
       pg_temp.reference(body->'customer') AS customer, pg_temp.reference(body->'balance_transaction') AS transaction,
       pg_temp.claim(body, 'account_id') AS account, pg_temp.claim(body, 'venture_id') AS venture,
       n.counted, n.refunded, m.counted_at, m.uncaptured_at, m.captured_at, m.released
FROM state s
JOIN LATERAL (
  SELECT CASE WHEN coalesce((body->>'captured')::boolean, false) AND body->>'status' = 'succeeded'
              THEN coalesce(pg_temp.minor(nullif(body->'amount_captured', 'null'), body->>'currency'),
                            pg_temp.minor(body->'amount', body->>'currency')) ELSE 0 END AS counted,
         coalesce(pg_temp.minor(nullif(body->'amount_refunded', 'null'), body->>'currency'), 0) AS refunded
) n ON true
JOIN (
  SELECT organization_id, connection_id, id,
         min(second) FILTER (WHERE counted > 0) AS counted_at,
         min(second) FILTER (WHERE succeeded AND NOT captured) AS uncaptured_at,
         min(second) FILTER (WHERE event_type = 'charge.captured') AS captured_at,
         -- what a partial capture gave back, which Stripe's older API versions count as refunded
         coalesce(max(refunded) FILTER (WHERE event_type = 'charge.captured' AND captured AND refunded > 0
                                          AND refunded = amount - counted), 0) AS released
  FROM charge_seen GROUP BY 1, 2, 3
) m USING (organization_id, connection_id, id)
WHERE s.kind = 'charge';
CREATE UNIQUE INDEX ON charge (organization_id, connection_id, id);

-- Which intent or charge paid an invoice: told by the invoice itself (two shapes), or by an invoice_payment.
CREATE TEMP TABLE invoice_payment_seen AS
WITH paid AS (
  SELECT organization_id, connection_id, second, direct, body, ctid AS row,
         coalesce((body->'status_transitions'->>'paid_at')::bigint, second) AS paid_at
  FROM seen WHERE kind = 'invoice' AND body->>'status' = 'paid'
    AND NOT coalesce((body->>'paid_out_of_band')::boolean, false)
), entry AS (
  SELECT organization_id, connection_id, second, row, paid_at, body, pg_temp.reference(body->'payment_intent') AS intent,
         pg_temp.reference(body->'charge') AS charge, body->'amount_paid' AS amount
  FROM paid
  UNION ALL
  SELECT p.organization_id, p.connection_id, p.second, p.row, p.paid_at, p.body,
         pg_temp.reference(e.value->'payment'->'payment_intent'), pg_temp.reference(e.value->'payment'->'charge'),
         e.value->'amount_paid'
  FROM paid p, jsonb_array_elements(pg_temp.listed(p.body->'payments')) e
  WHERE jsonb_typeof(e.value) = 'object' AND e.value->>'status' = 'paid'
)
SELECT organization_id, connection_id, 'invoice_paid' AS kind, concat(body->>'id', ':', coalesce(intent, charge)) AS id,
       second, paid_at, body->>'id' AS invoice, intent, charge, upper(body->>'currency') AS currency,
       coalesce(pg_temp.minor(nullif(amount, 'null'), body->>'currency'), 0) AS counted,
       pg_temp.reference(body->'customer') AS customer,
       coalesce(pg_temp.claim(body, 'account_id'), pg_temp.claim(sub.details, 'account_id')) AS account,
       coalesce(pg_temp.claim(body, 'venture_id'), pg_temp.claim(sub.details, 'venture_id')) AS venture
FROM entry, LATERAL (SELECT coalesce(nullif(body->'parent'->'subscription_details', 'null'),
                                     nullif(body->'subscription_details', 'null')) AS details) sub
WHERE coalesce(intent, charge) IS NOT NULL
  AND coalesce(pg_temp.minor(nullif(amount, 'null'), body->>'currency'), 0) > 0
UNION ALL
SELECT organization_id, connection_id, 'invoice_payment', id, second,
       coalesce((body->'status_transitions'->>'paid_at')::bigint, second), pg_temp.reference(body->'invoice'),
       pg_temp.reference(body->'payment'->'payment_intent'), pg_temp.reference(body->'payment'->'charge'),
       upper(body->>'currency'),
       CASE WHEN body->>'status' = 'paid' AND coalesce(pg_temp.reference(body->'payment'->'payment_intent'),
                                                       pg_temp.reference(body->'payment'->'charge')) IS NOT NULL
            THEN coalesce(pg_temp.minor(nullif(body->'amount_paid', 'null'), body->>'currency'), 0) ELSE 0 END,
       NULL, NULL, NULL
FROM state WHERE kind = 'invoice_payment';

-- Everything that shows a payment, the most telling first (shelf), under the payment's id.
CREATE TEMP TABLE source AS
SELECT organization_id, connection_id, coalesce(intent, id) AS payment_id, 1 AS shelf, id, second, currency, counted,
       id AS charge, NULL::text AS invoice, customer, account, venture, counted_at IS NOT NULL AS ever,
       coalesce(captured_at, CASE WHEN uncaptured_at IS NOT NULL THEN counted_at END, created) AS taken_at,
       status = 'failed' AS failed, transaction
FROM charge
UNION ALL
SELECT organization_id, connection_id, id, 2, id, second, upper(body->>'currency'), f.received,
       coalesce(pg_temp.reference(body->'latest_charge'), pg_temp.listed(body->'charges')->0->>'id'), NULL,
       pg_temp.reference(body->'customer'), pg_temp.claim(body, 'account_id'), pg_temp.claim(body, 'venture_id'),
       m.counted_at IS NOT NULL, coalesce(m.counted_at, second), false, NULL
FROM state s
CROSS JOIN LATERAL (SELECT coalesce(pg_temp.minor(coalesce(nullif(body->'amount_received', 'null'),
    CASE WHEN body->>'status' = 'succeeded' THEN body->'amount' END), body->>'currency'), 0) AS received) f
CROSS JOIN LATERAL (
  SELECT min(second) AS counted_at FROM seen e
  WHERE (e.organization_id, e.connection_id, e.kind, e.id) = (s.organization_id, s.connection_id, 'payment_intent', s.id)
    AND coalesce((nullif(e.body->'amount_received', 'null') #>> '{}')::numeric,
                 CASE WHEN e.body->>'status' = 'succeeded' THEN (e.body->>'amount')::numeric END, 0) <> 0
) m
WHERE kind = 'payment_intent';
INSERT INTO source
SELECT i.organization_id, i.connection_id, coalesce(i.intent, c.intent, i.charge, i.id), 3, i.id, i.second, i.currency,
       i.counted, i.charge, i.invoice, i.customer, i.account, i.venture, i.counted > 0, i.paid_at, false, NULL
FROM (SELECT DISTINCT ON (organization_id, connection_id, kind, id) * FROM invoice_payment_seen
      ORDER BY organization_id, connection_id, kind, id, second DESC) i
LEFT JOIN charge c ON (c.organization_id, c.connection_id, c.id) = (i.organization_id, i.connection_id, i.charge);
CREATE INDEX ON source (organization_id, connection_id, payment_id);
ANALYZE source;

CREATE TEMP TABLE fee AS
SELECT organization_id, connection_id, id, upper(body->>'currency') AS currency,
       pg_temp.minor(body->'fee', body->>'currency') AS fee
FROM state WHERE kind = 'balance_transaction';

-- What the charges say counts; without one the intent, and without that the invoice, unless a charge that they rest on
-- is known, from later, to have failed.
CREATE TEMP TABLE counting AS
WITH standing AS (
  SELECT s.*, EXISTS (
           SELECT FROM source c
           WHERE (c.organization_id, c.connection_id, c.payment_id) = (s.organization_id, s.connection_id, s.payment_id)
             AND c.shelf = 1 AND c.failed AND c.second >= s.second AND (s.charge IS NULL OR s.charge = c.id)
         ) AS denied
  FROM source s WHERE counted <> 0
), best AS (
  SELECT *, min(shelf) OVER (PARTITION BY organization_id, connection_id, payment_id) AS first_shelf
  FROM standing WHERE shelf = 1 OR NOT denied
), single AS (
  -- an invoice and its own list of payments say it twice
  SELECT *, row_number() OVER (PARTITION BY organization_id, connection_id, payment_id, shelf,
                                            CASE shelf WHEN 3 THEN invoice ELSE id END
                               ORDER BY second DESC, id COLLATE "C" DESC) AS again
  FROM best WHERE shelf = first_shelf
)
SELECT s.* FROM single s
WHERE again = 1
  AND (shelf < 3 OR NOT EXISTS (
    SELECT FROM source i
    WHERE (i.organization_id, i.connection_id, i.payment_id) = (s.organization_id, s.connection_id, s.payment_id)
      AND i.shelf = 2 AND i.ever));

-- Whose a payment is: the first that says it.
CREATE TEMP TABLE payer AS
SELECT organization_id, connection_id, payment_id,
       (array_agg(customer ORDER BY shelf, second, id COLLATE "C") FILTER (WHERE customer IS NOT NULL))[1] AS customer,
       (array_agg(account ORDER BY shelf, second, id COLLATE "C") FILTER (WHERE account IS NOT NULL))[1] AS account,
       (array_agg(venture ORDER BY shelf, second, id COLLATE "C") FILTER (WHERE venture IS NOT NULL))[1] AS venture
FROM source GROUP BY 1, 2, 3;
CREATE UNIQUE INDEX ON payer (organization_id, connection_id, payment_id);

CREATE TEMP TABLE payment AS
SELECT p.organization_id, p.connection_id, p.payment_id, p.currency, p.amount_minor, p.fee_minor, p.occurred_at,
       l.account_id, l.venture_id
FROM (
  SELECT c.organization_id, c.connection_id, c.payment_id,
         (array_agg(c.currency ORDER BY c.second DESC, c.id COLLATE "C" DESC))[1] AS currency,
         sum(c.counted) AS amount_minor,
         CASE WHEN bool_and(f.id IS NOT NULL AND f.currency = c.currency) THEN sum(f.fee) END AS fee_minor,
         to_timestamp(min(c.taken_at)) AS occurred_at
  FROM counting c
  LEFT JOIN fee f ON (f.organization_id, f.connection_id, f.id) = (c.organization_id, c.connection_id, c.transaction)
  GROUP BY 1, 2, 3
) p
JOIN payer w USING (organization_id, connection_id, payment_id)
CROSS JOIN LATERAL pg_temp.link(p.organization_id, p.connection_id, w.customer, w.account, w.venture) l
WHERE p.amount_minor <> 0;

-- Refunds that Stripe lists.
CREATE TEMP TABLE listed_refund AS
SELECT r.organization_id, r.connection_id, r.id, coalesce(r.intent, c.intent, r.charge, r.id) AS payment_id, r.charge,
       r.currency, r.amount, r.created, f.failed_at, r.account, r.venture,
       coalesce(r.charge, last.id) AS of_charge
FROM (
  SELECT organization_id, connection_id, id, pg_temp.reference(body->'payment_intent') AS intent,
         pg_temp.reference(body->'charge') AS charge, upper(body->>'currency') AS currency,
         pg_temp.minor(body->'amount', body->>'currency') AS amount, (body->>'created')::bigint AS created,
         pg_temp.claim(body, 'account_id') AS account, pg_temp.claim(body, 'venture_id') AS venture
  FROM state WHERE kind = 'refund'
) r
LEFT JOIN charge c ON (c.organization_id, c.connection_id, c.id) = (r.organization_id, r.connection_id, r.charge)
LEFT JOIN (SELECT organization_id, connection_id, id, min(second) AS failed_at FROM seen
           WHERE kind = 'refund' AND body->>'status' IN ('failed', 'canceled') GROUP BY 1, 2, 3) f
  ON (f.organization_id, f.connection_id, f.id) = (r.organization_id, r.connection_id, r.id)
LEFT JOIN LATERAL (
  SELECT id FROM source s
  WHERE (s.organization_id, s.connection_id, s.payment_id)
      = (r.organization_id, r.connection_id, coalesce(r.intent, c.intent, r.charge, r.id)) AND s.shelf = 1
  ORDER BY second DESC, id COLLATE "C" DESC LIMIT 1
) last ON true;

-- The listed refund that stands for what a partial capture gave back: money that was never taken.
CREATE TEMP TABLE release AS
SELECT DISTINCT ON (c.organization_id, c.connection_id, c.id) c.organization_id, c.connection_id, c.id AS charge, r.id
FROM charge c
JOIN listed_refund r ON (r.organization_id, r.connection_id, r.of_charge) = (c.organization_id, c.connection_id, c.id)
WHERE c.released > 0 AND r.amount = c.released
ORDER BY c.organization_id, c.connection_id, c.id, r.created, r.id COLLATE "C";

-- What a charge says it refunded beyond its listed refunds, one for each cumulative amount that was seen.
CREATE TEMP TABLE unlisted_refund AS
WITH step AS (
  SELECT s.organization_id, s.connection_id, s.id AS charge, s.refunded AS amount, min(s.second) AS second
  FROM charge_seen s WHERE s.refunded <> 0 GROUP BY 1, 2, 3, 4
), edge AS (
  SELECT t.*, c.currency, coalesce(c.intent, c.id) AS payment_id, c.account, c.venture, l.listed,
         least(greatest(t.amount - c.released, l.listed),
               greatest(CASE WHEN c.counted_at IS NOT NULL THEN c.refunded - c.released ELSE 0 END, l.listed)) AS edge
  FROM step t
  JOIN charge c ON (c.organization_id, c.connection_id, c.id) = (t.organization_id, t.connection_id, t.charge)
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount), 0) AS listed FROM listed_refund r
    WHERE (r.organization_id, r.connection_id, r.of_charge) = (t.organization_id, t.connection_id, t.charge)
      AND NOT EXISTS (SELECT FROM release x WHERE (x.organization_id, x.connection_id, x.id)
                                                = (r.organization_id, r.connection_id, r.id))
  ) l
)
SELECT *, edge - lag(edge, 1, listed) OVER (PARTITION BY organization_id, connection_id, charge ORDER BY amount) AS part
FROM edge;

CREATE TEMP TABLE refund AS
SELECT r.organization_id, r.connection_id, r.refund_id, r.currency, r.amount_minor, r.refunded_at, r.failed_at,
       l.account_id, l.venture_id
FROM (
  SELECT r.organization_id, r.connection_id, r.id AS refund_id, r.payment_id, r.currency, r.amount AS amount_minor,
         to_timestamp(r.created) AS refunded_at, to_timestamp(r.failed_at) AS failed_at, r.account, r.venture
  FROM listed_refund r
  LEFT JOIN LATERAL (
    -- the charge that it names, when that is one of the payment's; else the payment's newest
    SELECT s.ever, s.id FROM source s
    WHERE (s.organization_id, s.connection_id, s.payment_id) = (r.organization_id, r.connection_id, r.payment_id)
      AND s.shelf = 1
    ORDER BY s.id IS NOT DISTINCT FROM r.charge DESC, s.second DESC, s.id COLLATE "C" DESC LIMIT 1
  ) c ON true
  WHERE coalesce(c.ever, true)
    AND NOT EXISTS (SELECT FROM release x WHERE (x.organization_id, x.connection_id, x.id, x.charge)
                                              = (r.organization_id, r.connection_id, r.id, c.id))
  UNION ALL
  SELECT organization_id, connection_id, concat(charge, ':unitemised:', amount), payment_id, currency, part,
         to_timestamp(second), NULL, account, venture
  FROM unlisted_refund
) r
LEFT JOIN payer w USING (organization_id, connection_id, payment_id)
CROSS JOIN LATERAL pg_temp.link(r.organization_id, r.connection_id, w.customer, coalesce(r.account, w.account),
                                coalesce(r.venture, w.venture)) l
WHERE r.amount_minor <> 0;

-- Disputes: dated by the events of withdrawal and reinstatement, else by their balance transactions.
CREATE TEMP TABLE dispute AS
SELECT d.organization_id, d.connection_id, d.id AS dispute_id, d.currency, d.amount AS amount_minor, d.fee AS fee_minor,
       to_timestamp(coalesce(m.withdrawn_at, d.taken_at)) AS withdrawn_at,
       to_timestamp(coalesce(m.reinstated_at, d.returned_at)) AS reinstated_at, l.account_id, l.venture_id
FROM (
  SELECT organization_id, connection_id, id, pg_temp.reference(body->'payment_intent') AS intent,
         pg_temp.reference(body->'charge') AS charge, upper(body->>'currency') AS currency,
         pg_temp.minor(body->'amount', body->>'currency') AS amount, t.*,
         pg_temp.claim(body, 'account_id') AS account, pg_temp.claim(body, 'venture_id') AS venture
  FROM state, LATERAL (
    SELECT CASE WHEN bool_and(upper(value->>'currency') = upper(body->>'currency'))
                THEN sum(pg_temp.minor(value->'fee', body->>'currency')) END AS fee,
           min((value->>'created')::bigint) FILTER (WHERE (value->>'amount')::numeric < 0) AS taken_at,
           min((value->>'created')::bigint) FILTER (WHERE (value->>'amount')::numeric > 0) AS returned_at
    FROM jsonb_array_elements(pg_temp.listed(body->'balance_transactions')) WHERE jsonb_typeof(value) = 'object'
  ) t
  WHERE kind = 'dispute'
) d
LEFT JOIN charge c ON (c.organization_id, c.connection_id, c.id) = (d.organization_id, d.connection_id, d.charge)
LEFT JOIN (
  SELECT organization_id, connection_id, id,
         min(second) FILTER (WHERE event_type = 'charge.dispute.funds_withdrawn') AS withdrawn_at,
         min(second) FILTER (WHERE event_type = 'charge.dispute.funds_reinstated') AS reinstated_at
  FROM seen WHERE kind = 'dispute' GROUP BY 1, 2, 3
) m ON (m.organization_id, m.connection_id, m.id) = (d.organization_id, d.connection_id, d.id)
LEFT JOIN payer w ON (w.organization_id, w.connection_id, w.payment_id)
                   = (d.organization_id, d.connection_id, coalesce(d.intent, c.intent, d.charge, d.id))
CROSS JOIN LATERAL pg_temp.link(d.organization_id, d.connection_id, w.customer, coalesce(d.account, w.account),
                                coalesce(d.venture, w.venture)) l;

-- Payouts: deposited once ever paid, on the arrival date's calendar day; a failure after that takes it back on its
-- local day.
CREATE TEMP TABLE payout AS
SELECT s.organization_id, s.connection_id, s.id AS payout_id, upper(body->>'currency') AS currency,
       pg_temp.minor(body->'amount', body->>'currency') AS amount_minor, body->>'status' AS status,
       (to_timestamp((body->>'arrival_date')::bigint) AT TIME ZONE 'UTC')::date AS arrival_date,
       m.paid AS deposited,
       CASE WHEN m.paid AND body->>'status' IN ('failed', 'canceled')
            THEN (to_timestamp(m.returned_at) AT TIME ZONE o.time_zone)::date END AS reversed_on,
       l.venture_id
FROM state s
JOIN organization o ON o.id = s.organization_id
JOIN (
  SELECT organization_id, connection_id, id, bool_or(body->>'status' = 'paid') AS paid,
         min(second) FILTER (WHERE body->>'status' IN ('failed', 'canceled')) AS returned_at
  FROM seen WHERE kind = 'payout' GROUP BY 1, 2, 3
) m ON (m.organization_id, m.connection_id, m.id) = (s.organization_id, s.connection_id, s.id)
CROSS JOIN LATERAL pg_temp.link(s.organization_id, s.connection_id, NULL, NULL, pg_temp.claim(body, 'venture_id')) l
WHERE s.kind = 'payout';

-- All of it as signed entries: what finance counts.
CREATE TEMP TABLE money AS
SELECT e.organization_id, e.connection_id, e.kind, e.object_id, e.currency, e.amount_minor, e.account_id, e.venture_id,
       coalesce(e.counts_on, (e.counts_at AT TIME ZONE o.time_zone)::date) AS counts_on,
       coalesce(e.reversed_on, (e.reversed_at AT TIME ZONE o.time_zone)::date) AS reversed_on
FROM (
  SELECT organization_id, connection_id, 'payment' AS kind, payment_id AS object_id, currency, amount_minor, account_id,
         venture_id, occurred_at AS counts_at, NULL::date AS counts_on, NULL::timestamptz AS reversed_at,
         NULL::date AS reversed_on FROM payment
  UNION ALL
  SELECT organization_id, connection_id, 'refund', refund_id, currency, -amount_minor, account_id, venture_id,
         refunded_at, NULL, failed_at, NULL FROM refund
  UNION ALL
  SELECT organization_id, connection_id, 'dispute', dispute_id, currency, -amount_minor, account_id, venture_id,
         withdrawn_at, NULL, reinstated_at, NULL FROM dispute WHERE withdrawn_at IS NOT NULL
  UNION ALL
  SELECT organization_id, connection_id, 'payout', payout_id, currency, amount_minor, NULL, venture_id,
         NULL, arrival_date, NULL, reversed_on FROM payout WHERE deposited
) e JOIN organization o ON o.id = e.organization_id;
