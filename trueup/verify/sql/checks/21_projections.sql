-- about: the baseline projection of each plan: its start, and whether it still rests on the plan as it is
-- key: organization_id, venture_id
SELECT organization_id, venture_id, plan_version, start_on, pg_temp.figure(revenue) AS start_revenue, pg_temp.figure(cash) AS start_cash,
       CASE WHEN EXISTS (
         SELECT FROM plan_version v
         WHERE (v.organization_id, v.venture_id) = (f.organization_id, f.venture_id)
           AND v.version > f.plan_version AND v.financial_change
       ) OR EXISTS (
         SELECT FROM stored_projection s
         WHERE (s.organization_id, s.venture_id) = (f.organization_id, f.venture_id) AND (s.origin <> 'baseline' OR s.aged)
       ) THEN 'OUTDATED' ELSE 'ACTIVE' END AS status
FROM forecast f
-- stored
SELECT organization_id, venture_id, plan_version::int, start_on, start_revenue, start_cash, status
FROM stored_projection WHERE origin = 'baseline'
