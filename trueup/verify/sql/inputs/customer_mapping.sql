-- from: ingestion
SELECT organization_id, connection_id, customer_id, account_id FROM owned.customer_mappings WHERE archived_at IS NULL
