-- from: reporting
SELECT organization_id, venture_id, name, archived_at IS NOT NULL AS archived FROM model.ventures
