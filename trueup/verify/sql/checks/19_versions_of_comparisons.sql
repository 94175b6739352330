-- about: reporting holds each comparison at the version at which sync has it
-- key: organization_id, venture_id, metric, observed_on
SELECT organization_id, venture_id, metric, observed_on, version FROM stored_variance
-- stored
SELECT organization_id, venture_id, metric, observed_on, version FROM report_comparison
