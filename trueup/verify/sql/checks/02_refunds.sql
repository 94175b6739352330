-- about: refunds, listed and unlisted, from the raw events
-- key: organization_id, connection_id, refund_id
SELECT organization_id, connection_id, refund_id, currency, amount_minor::bigint, refunded_at, failed_at, account_id,
       venture_id FROM refund
-- stored
SELECT organization_id, connection_id, refund_id, currency, amount_minor, refunded_at, failed_at, account_id, venture_id
FROM stored_refund
