-- about: payments as captured, from charges, payment intents and invoices of the raw events
-- key: organization_id, connection_id, payment_id
SELECT organization_id, connection_id, payment_id, currency, amount_minor::bigint, fee_minor::bigint, occurred_at,
       account_id, venture_id FROM payment
-- stored
SELECT organization_id, connection_id, payment_id, currency, amount_minor, fee_minor, occurred_at, account_id, venture_id
FROM stored_payment
