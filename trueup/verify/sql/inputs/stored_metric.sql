-- from: finance
SELECT organization_id, venture_id, metric, observed_on, source, revision, value, currency, unconverted, policy_version,
       withdrawn, carried_from
FROM owned.metrics
