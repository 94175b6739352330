"""Subscriptions: what each was, day by day."""
