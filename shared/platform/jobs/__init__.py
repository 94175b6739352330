"""Jobs: work that is due at a local time of each organization, done once however many replicas there are."""
