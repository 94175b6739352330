-- from: reporting
SELECT organization_id, plan_id, venture_id, version, saved_at, targets FROM model.plans
