"""Delivery: a notice on its way to a webhook endpoint, and every attempt to bring it there."""
