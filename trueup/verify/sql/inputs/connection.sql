-- from: ingestion
SELECT organization_id, id, name, default_venture_id FROM owned.stripe_connections
