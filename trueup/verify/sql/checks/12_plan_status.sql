-- about: the sync status that plans shows beside each plan
-- key: organization_id, venture_id
SELECT organization_id, venture_id, observed_on, plan_sync_status
FROM compared WHERE metric = 'mrr' AND current AND plan_sync_status IS NOT NULL
-- stored
SELECT organization_id, venture_id, observed_on, plan_sync_status FROM (
  SELECT DISTINCT ON (organization_id, venture_id) * FROM plans_comparison WHERE NOT withdrawn
  ORDER BY organization_id, venture_id, observed_on DESC) t
WHERE plan_sync_status IS NOT NULL
