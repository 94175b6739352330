"""Portfolio: what an organization's ventures are together, and the alert that rests on it."""
