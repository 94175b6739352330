-- from: ingestion
SELECT organization_id, connection_id, payment_id, currency, amount_minor, fee_minor, occurred_at, account_id, venture_id
FROM owned.payments WHERE amount_minor <> 0
