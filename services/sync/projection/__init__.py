"""Projection: a month-by-month forecast from one plan version."""
