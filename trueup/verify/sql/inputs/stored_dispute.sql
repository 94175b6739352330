-- from: ingestion
SELECT organization_id, connection_id, dispute_id, currency, amount_minor, fee_minor, withdrawn_at, reinstated_at,
       account_id, venture_id
FROM owned.disputes
