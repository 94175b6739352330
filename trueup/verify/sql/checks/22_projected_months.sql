-- about: revenue, costs, net burn, cash and runway of every projected month
-- key: organization_id, venture_id, month_end
-- near: revenue, costs, net_burn, cash, runway_months
-- within: 0.00001
SELECT * FROM forecast_month
-- stored
SELECT p.organization_id, p.venture_id, (m->>'month_end')::date AS month_end, (m->>'revenue')::numeric AS revenue,
       (m->>'costs')::numeric AS costs, (m->>'net_burn')::numeric AS net_burn, (m->>'cash')::numeric AS cash,
       (m->>'runway_months')::numeric AS runway_months
FROM stored_projection p CROSS JOIN LATERAL jsonb_array_elements(p.months::jsonb) m
WHERE p.origin = 'baseline'
