-- from: sync
SELECT organization_id, venture_id, origin, status, plan_version, start_on, start_revenue, start_cash, required_growth_rate,
       break_even_month, cash_out_month, months, aged
FROM owned.projections
WHERE origin <> 'scenario'
