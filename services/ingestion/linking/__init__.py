"""Which account and venture a ledger row belongs to."""
