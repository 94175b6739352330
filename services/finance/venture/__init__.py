"""Ventures, as plans publishes them."""
