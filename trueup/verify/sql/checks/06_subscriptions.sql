-- about: state and MRR of each subscription, by local day, from the raw events
-- key: organization_id, connection_id, subscription_id, day
SELECT organization_id, connection_id, subscription_id, day, until, venture_id, account_id, customer, currency, state, mrr
FROM span
-- stored
SELECT organization_id, connection_id, subscription_id, day, until, venture_id, account_id, customer, currency, state, mrr
FROM stored_span
