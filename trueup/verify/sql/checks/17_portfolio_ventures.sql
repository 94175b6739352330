-- about: the dashboard's ventures are those of plans
-- key: organization_id, venture_id
SELECT organization_id, id AS venture_id, name, archived FROM venture
-- stored
SELECT organization_id, venture_id, name, archived FROM report_venture
