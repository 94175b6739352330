"""Custom metrics: what an organization defines itself, as its plans say it."""
