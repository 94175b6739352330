"""Alert limit: beyond which values an organization or a venture wants its alerts."""
