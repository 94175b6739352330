-- from: plans
SELECT organization_id, venture_id, observed_on, version, plan_sync_status, withdrawn FROM model.plan_comparisons
