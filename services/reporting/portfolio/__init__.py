"""The portfolio: what the other services say of every venture, kept for reading in one call."""
