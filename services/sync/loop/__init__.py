"""Loop: what follows from facts that came: comparisons, then projections, then alerts."""
