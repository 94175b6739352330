"""Metrics: the dated actuals of a venture, calculated, entered or imported."""
