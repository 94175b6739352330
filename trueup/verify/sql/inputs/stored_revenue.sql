-- from: finance
SELECT organization_id, venture_id, day, mrr, unconverted, customers FROM owned.revenue_days
