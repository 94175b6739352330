"""Webhooks as they came: checked, stored once, waiting to be normalised, or parked."""
