-- from: reporting
SELECT organization_id, venture_id, metric, observed_on, source, revision, value, withdrawn FROM model.metrics
