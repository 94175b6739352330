-- from: sync
SELECT organization_id, venture_id, metric, observed_on, source, revision FROM model.observations
