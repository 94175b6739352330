-- about: calculated metrics (mrr, arr, customers, growth_rate) of each venture and day, from the raw events
-- key: organization_id, venture_id, metric, observed_on
SELECT organization_id, venture_id, metric, observed_on, value, currency, unconverted::text AS unconverted,
       policy_version::bigint FROM metric
-- stored
SELECT organization_id, venture_id, metric, observed_on, value, currency, (
    SELECT coalesce(jsonb_object_agg(key, value::numeric), '{}') FROM jsonb_each_text(unconverted))::text AS unconverted,
  policy_version
FROM stored_metric WHERE source = 'calculated' AND NOT withdrawn
