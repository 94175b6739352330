-- from: finance
SELECT organization_id, connection_id, subscription_id, day, until, venture_id, account_id, customer, currency, state, mrr
FROM owned.subscription_spans
