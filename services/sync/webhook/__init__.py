"""Webhook endpoint: where another program wants to be told."""
