-- from: plans
SELECT v.organization_id, p.venture_id, v.plan_id, v.version, v.saved_at, v.financial_change,
       CASE WHEN v.archived THEN '{}'::jsonb ELSE v.targets::jsonb END AS targets
FROM owned.plan_versions v
JOIN owned.plans p ON p.organization_id = v.organization_id AND p.id = v.plan_id
