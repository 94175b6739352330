-- about: the dashboard's alerts are sync's, each in its newest version
-- key: organization_id, alert_id
SELECT organization_id, id AS alert_id, venture_id, version, type, severity, status FROM stored_alert
-- stored
SELECT organization_id, alert_id, venture_id, version, type, severity, status FROM report_alert
