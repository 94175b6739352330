-- from: sync
SELECT organization_id, scope_id, limits FROM owned.alert_limits
