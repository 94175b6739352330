-- about: at most one open alert per venture and type
-- key: organization_id, venture_id, type
SELECT organization_id, venture_id, type, 1::bigint AS open FROM stored_alert WHERE status = 'open' GROUP BY 1, 2, 3
-- stored
SELECT organization_id, venture_id, type, count(*) AS open FROM stored_alert WHERE status = 'open' GROUP BY 1, 2, 3
