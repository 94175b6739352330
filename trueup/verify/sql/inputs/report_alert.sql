-- from: reporting
SELECT organization_id, alert_id, venture_id, version, type, severity, status FROM model.alerts
