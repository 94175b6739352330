-- about: the dashboard's metrics, from raw events and entered metrics
-- key: organization_id, venture_id, metric, observed_on, source
SELECT organization_id, venture_id, metric, observed_on, 'calculated' AS source, value FROM metric
UNION ALL
SELECT organization_id, venture_id, metric, observed_on, source, value FROM manual_metric
-- stored
SELECT organization_id, venture_id, metric, observed_on, source, value FROM report_metric WHERE NOT withdrawn
