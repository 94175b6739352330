-- about: actual, pro-rated target, variance and status, from raw events, entered metrics and plan versions
-- key: organization_id, venture_id, metric, observed_on
-- near: target, variance_pct, progress_pct
SELECT organization_id, venture_id, metric, observed_on, source, value AS actual, round(target, 6) AS target,
       round(final, 6) AS final_target,
       variance_pct, progress_pct, status,
       plan_version::bigint, current, plan_sync_status
FROM compared
-- stored
SELECT organization_id, venture_id, metric, observed_on, source, actual, target, final_target, variance_pct, progress_pct,
       status, plan_version, current, plan_sync_status
FROM stored_variance WHERE NOT withdrawn
