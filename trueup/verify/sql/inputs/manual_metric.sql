-- from: finance
-- What people entered or imported: raw rows, like a webhook.
SELECT organization_id, venture_id, metric, observed_on, source, value, currency
FROM owned.metrics WHERE source <> 'calculated' AND NOT withdrawn
