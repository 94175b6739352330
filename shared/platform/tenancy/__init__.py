"""Organizations and memberships as every service knows them, built from identity's events."""
