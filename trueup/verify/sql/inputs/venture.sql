-- from: plans
SELECT organization_id, id, name, archived_at IS NOT NULL AS archived FROM owned.ventures
