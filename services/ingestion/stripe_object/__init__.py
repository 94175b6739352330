"""Stripe's objects, mirrored: the newest state of each, whatever the order of arrival."""
