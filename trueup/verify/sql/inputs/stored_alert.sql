-- from: sync
SELECT organization_id, id, venture_id, version, type, severity, status, observed_on, quiet_month FROM owned.alerts
