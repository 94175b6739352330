-- about: sync and reporting hold each metric at the revision at which finance has it
-- key: organization_id, venture_id, metric, observed_on, source, reader
SELECT organization_id, venture_id, metric, observed_on, source, reader, revision
FROM stored_metric, unnest(ARRAY['sync', 'reporting']) reader
-- stored
SELECT organization_id, venture_id, metric, observed_on, source, 'sync' AS reader, revision FROM sync_observation
UNION ALL
SELECT organization_id, venture_id, metric, observed_on, source, 'reporting', revision FROM report_metric
