-- about: the dashboard's plans are the newest versions of plans
-- key: organization_id, venture_id
SELECT DISTINCT ON (organization_id, venture_id) organization_id, venture_id, plan_id, version,
       (targets->>'target_mrr')::numeric AS target_mrr, targets->>'target_date' AS target_date
FROM plan_version ORDER BY organization_id, venture_id, version DESC
-- stored
SELECT organization_id, venture_id, plan_id, version, (targets->>'target_mrr')::numeric AS target_mrr,
       targets->>'target_date' AS target_date FROM report_plan
