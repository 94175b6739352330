-- about: the dashboard's comparisons (events give percents with 2 decimals), from raw events and plan versions
-- key: organization_id, venture_id, metric, observed_on
-- near: target, variance_pct, progress_pct
-- within: 0.01
SELECT organization_id, venture_id, metric, observed_on, value AS actual, round(target, 6) AS target,
       pg_temp.half_even(variance_pct, 2) AS variance_pct, pg_temp.half_even(progress_pct, 2) AS progress_pct, status,
       plan_version::bigint
FROM compared
-- stored
SELECT organization_id, venture_id, metric, observed_on, actual, target, variance_pct, progress_pct, status, plan_version
FROM report_comparison WHERE NOT withdrawn
