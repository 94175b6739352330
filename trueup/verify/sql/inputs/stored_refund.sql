-- from: ingestion
SELECT organization_id, connection_id, refund_id, currency, amount_minor, refunded_at, failed_at, account_id, venture_id
FROM owned.refunds WHERE amount_minor <> 0
