-- about: which alerts are open (of those that the newest observation decides), and how severe
-- key: organization_id, venture_id, type
SELECT organization_id, venture_id, type, severity FROM due WHERE severity IS NOT NULL
-- stored
SELECT a.organization_id, a.venture_id, a.type, a.severity FROM stored_alert a
JOIN due d ON (d.organization_id, d.venture_id, d.type) = (a.organization_id, a.venture_id, a.type)
WHERE a.status = 'open'
