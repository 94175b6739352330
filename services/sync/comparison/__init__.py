"""Comparison: the one way from changed facts to variances, projections and alerts."""
