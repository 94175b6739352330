-- about: disputes: what was withdrawn and reinstated, from the raw events
-- key: organization_id, connection_id, dispute_id
SELECT organization_id, connection_id, dispute_id, currency, amount_minor::bigint, fee_minor::bigint, withdrawn_at,
       reinstated_at, account_id, venture_id FROM dispute
-- stored
SELECT organization_id, connection_id, dispute_id, currency, amount_minor, fee_minor, withdrawn_at, reinstated_at,
       account_id, venture_id FROM stored_dispute
