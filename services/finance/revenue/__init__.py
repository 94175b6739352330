"""Recurring revenue of a venture, day by day."""
