-- from: sync
SELECT organization_id, venture_id, metric, observed_on, version, source, actual, target, final_target, variance_pct,
       progress_pct, status, plan_version, path, current, plan_sync_status, withdrawn
FROM owned.variances
