-- from: finance
SELECT DISTINCT ON (organization_id) organization_id, version, settings
FROM owned.metric_policies ORDER BY organization_id, version DESC
