"""Money sent to the bank."""
