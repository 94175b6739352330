"""Milestone: what ventures reached, from the events of plans."""
