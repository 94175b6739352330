"""Variance: the comparison of one observation with its pro-rated target."""
