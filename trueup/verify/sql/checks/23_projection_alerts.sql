-- about: PROJECTION_OUTDATED stands open exactly where no projection rests on the plan as it is (unless dismissed)
-- key: organization_id, venture_id
SELECT s.organization_id, s.venture_id FROM stored_projection s
JOIN venture v ON v.organization_id = s.organization_id AND v.id = s.venture_id AND NOT v.archived
WHERE NOT EXISTS (
  SELECT FROM stored_alert a
  WHERE (a.organization_id, a.venture_id) = (s.organization_id, s.venture_id)
    AND a.type = 'PROJECTION_OUTDATED' AND a.status = 'dismissed')
GROUP BY s.organization_id, s.venture_id HAVING bool_and(s.status = 'OUTDATED')
-- stored
SELECT a.organization_id, a.venture_id FROM stored_alert a
WHERE a.type = 'PROJECTION_OUTDATED' AND a.status = 'open' AND NOT EXISTS (
  SELECT FROM stored_alert d
  WHERE (d.organization_id, d.venture_id) = (a.organization_id, a.venture_id)
    AND d.type = 'PROJECTION_OUTDATED' AND d.status = 'dismissed')
