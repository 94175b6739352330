"""Observation: the dated actuals of ventures, from the events of finance."""
