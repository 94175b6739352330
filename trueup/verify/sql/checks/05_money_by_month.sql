-- about: payments received, refunds, disputes and deposits of finance by month and currency, from the raw events
-- key: organization_id, venture_id, month, currency, kind
SELECT organization_id, coalesce(venture_id, '00000000-0000-0000-0000-000000000000') AS venture_id,
       date_trunc('month', day)::date AS month, currency, kind, sum(minor)::bigint AS minor,
       coalesce(sum(minor) FILTER (WHERE account_id IS NULL), 0)::bigint AS unlinked_minor
FROM (
  SELECT organization_id, venture_id, account_id, currency, kind, counts_on AS day, amount_minor AS minor FROM money
  UNION ALL
  SELECT organization_id, venture_id, account_id, currency, kind, reversed_on, -amount_minor FROM money
  WHERE reversed_on IS NOT NULL
) t GROUP BY 1, 2, 3, 4, 5
-- stored
SELECT organization_id, coalesce(venture_id, '00000000-0000-0000-0000-000000000000') AS venture_id,
       date_trunc('month', day)::date AS month, currency, kind, sum(minor)::bigint AS minor,
       coalesce(sum(minor) FILTER (WHERE account_id IS NULL), 0)::bigint AS unlinked_minor
FROM (
  SELECT organization_id, venture_id, account_id, currency, kind, counts_on AS day, amount_minor AS minor
  FROM stored_money WHERE counts_on IS NOT NULL AND amount_minor <> 0
  UNION ALL
  SELECT organization_id, venture_id, account_id, currency, kind, reversed_on, -amount_minor
  FROM stored_money WHERE counts_on IS NOT NULL AND reversed_on IS NOT NULL AND amount_minor <> 0
) t GROUP BY 1, 2, 3, 4, 5
