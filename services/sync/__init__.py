"""Sync: how the actuals of ventures stand against their plans, what deviates, and what follows."""
