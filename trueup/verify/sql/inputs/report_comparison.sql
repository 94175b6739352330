-- from: reporting
SELECT organization_id, venture_id, metric, observed_on, version, actual, target, variance_pct, progress_pct, status,
       plan_version, withdrawn
FROM model.comparisons
